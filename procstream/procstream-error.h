/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_CHILD_ERROR:
 *
 * The error domain for what only this library knows; its codes are
 * [error@Procstream.ChildError]. Everything else uses `G_IO_ERROR` and
 * `G_SPAWN_ERROR`.
 *
 * Since: 1.0
 */
#define PROCSTREAM_CHILD_ERROR (procstream_child_error_quark ())

/**
 * ProcstreamChildError:
 * @PROCSTREAM_CHILD_ERROR_FAILED: none of the others
 * @PROCSTREAM_CHILD_ERROR_UNSET_POLICY: a property that has no default was not
 *   set; the message names it
 * @PROCSTREAM_CHILD_ERROR_WRONG_STATE: the object is not in a state in which
 *   this can be done, such as starting a child twice
 * @PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK: a blocking call inside a handler or
 *   consumer of the very child or output that it would wait for
 * @PROCSTREAM_CHILD_ERROR_FORKED: the program forked, and this is the forked
 *   copy, which cannot use the library
 * @PROCSTREAM_CHILD_ERROR_NO_HELPER: the helper program of the library could
 *   not be run
 * @PROCSTREAM_CHILD_ERROR_SURVIVORS: what was to be ended is still there: a process that cannot
 *   be killed, or members of the group that cannot be reached
 * @PROCSTREAM_CHILD_ERROR_STALLED: a consumer held up its output for longer than
 *   its [property@Procstream.Consumer:max-stall-ms], and was dropped
 * @PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL: a child did not succeed; see
 *   [func@Procstream.ChildError.get_result] for why
 * @PROCSTREAM_CHILD_ERROR_OUTPUT_CUT: a child succeeded, and what is known of its output is not
 *   all of it: some was cut, lost, or missed by a wait that began late, or it was still open
 * @PROCSTREAM_CHILD_ERROR_NO_MATCH: the line that was waited for did not come, and
 *   cannot come any more
 * @PROCSTREAM_CHILD_ERROR_INPUT_CUT: a child succeeded, and was not given all of its input, since a
 *   stream could not be read
 * @PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED: the child belongs to a scope that was closed, where
 *   nothing may start any more
 * @PROCSTREAM_CHILD_ERROR_NOT_STARTED: the child was taken out of a queue, or of its scope, before it
 *   was started, or its scope starts nothing after a failure
 *
 * Errors that are facts of this library's own domain.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_CHILD_ERROR_FAILED,
  PROCSTREAM_CHILD_ERROR_UNSET_POLICY,
  PROCSTREAM_CHILD_ERROR_WRONG_STATE,
  PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK,
  PROCSTREAM_CHILD_ERROR_FORKED,
  PROCSTREAM_CHILD_ERROR_NO_HELPER,
  PROCSTREAM_CHILD_ERROR_SURVIVORS,
  PROCSTREAM_CHILD_ERROR_STALLED,
  PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL,
  PROCSTREAM_CHILD_ERROR_OUTPUT_CUT,
  PROCSTREAM_CHILD_ERROR_NO_MATCH,
  PROCSTREAM_CHILD_ERROR_INPUT_CUT,
  PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED,
  PROCSTREAM_CHILD_ERROR_NOT_STARTED,
} ProcstreamChildError;

PROCSTREAM_AVAILABLE_IN_1_0
GQuark procstream_child_error_quark (void);

G_END_DECLS
