/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-core.h"

#include "procstream-chunk-private.h"
#include "procstream-output-config-private.h"

#include <procstream/procstream.h>

#include <string.h>
#include <sys/eventfd.h>

ProcstreamOutputCore *
test_core_new (guint max_chunks)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  if (max_chunks)
    procstream_output_config_set_max_buffered_chunks (config, max_chunks);
  return test_core_new_for (config);
}

ProcstreamOutputCore *
test_core_new_for (ProcstreamOutputConfig *config)
{
  ProcstreamOutputSettings settings;
  ProcstreamOutputCore    *self;

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  g_assert_true (procstream_output_config_resolve (config, "test", PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET, 0, &settings, NULL));
  self = procstream_output_core_new ("test", &settings, g_main_context_default (), NULL);
  procstream_output_core_hold (self);
  /* Never readable, and never at an end. */
  procstream_output_core_open_fd (self, eventfd (0, EFD_CLOEXEC));
  return self;
}

void
test_core_free (ProcstreamOutputCore *self)
{
  procstream_output_core_release (self);
  procstream_output_core_unref (self);
}

void
test_core_feed (ProcstreamOutputCore *self,
                const char           *text)
{
  procstream_output_core_feed (self, procstream_chunk_new_copy (text, strlen (text), 0));
}
