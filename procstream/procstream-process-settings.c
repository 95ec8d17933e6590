/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-process-settings-private.h"

#include <sys/resource.h>

static const struct
{
  int         resource;
  const char *name;
} limits[PROCSTREAM_N_LIMITS] = {
  [PROCSTREAM_LIMIT_UNSET] = { -1, "unset" },
  [PROCSTREAM_LIMIT_ADDRESS_SPACE] = { RLIMIT_AS, "address-space" },
  [PROCSTREAM_LIMIT_CORE_SIZE] = { RLIMIT_CORE, "core-size" },
  [PROCSTREAM_LIMIT_CPU_SECONDS] = { RLIMIT_CPU, "cpu-seconds" },
  [PROCSTREAM_LIMIT_DATA_SIZE] = { RLIMIT_DATA, "data-size" },
  [PROCSTREAM_LIMIT_FILE_SIZE] = { RLIMIT_FSIZE, "file-size" },
  [PROCSTREAM_LIMIT_LOCKED_MEMORY] = { RLIMIT_MEMLOCK, "locked-memory" },
  [PROCSTREAM_LIMIT_MESSAGE_QUEUES] = { RLIMIT_MSGQUEUE, "message-queues" },
  [PROCSTREAM_LIMIT_NICE] = { RLIMIT_NICE, "nice" },
  [PROCSTREAM_LIMIT_OPEN_FILES] = { RLIMIT_NOFILE, "open-files" },
  [PROCSTREAM_LIMIT_PENDING_SIGNALS] = { RLIMIT_SIGPENDING, "pending-signals" },
  [PROCSTREAM_LIMIT_PROCESSES] = { RLIMIT_NPROC, "processes" },
  [PROCSTREAM_LIMIT_REALTIME_PRIORITY] = { RLIMIT_RTPRIO, "realtime-priority" },
  [PROCSTREAM_LIMIT_REALTIME_US] = { RLIMIT_RTTIME, "realtime-us" },
  [PROCSTREAM_LIMIT_STACK_SIZE] = { RLIMIT_STACK, "stack-size" },
  [PROCSTREAM_LIMIT_LOCKS] = { RLIMIT_LOCKS, "locks" },
};

int
procstream_limit_to_resource (ProcstreamLimit limit)
{
  return limits[limit].resource;
}

ProcstreamLimit
procstream_limit_from_resource (int resource)
{
  for (guint i = 1; i < PROCSTREAM_N_LIMITS; i++)
    if (limits[i].resource == resource)
      return i;
  return PROCSTREAM_LIMIT_UNSET;
}

const char *
procstream_limit_to_string (ProcstreamLimit limit)
{
  return limits[limit].name;
}
