/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child.h"
#include "procstream-collector.h"
#include "procstream-complete-options-private.h"

/* The options of a wait on their way to the threads below: checked, and copied into data that nobody changes. */

static gboolean
check_time (const char *property,
            gint64      value,
            GError    **error)
{
  if (value >= -1)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The property “%s” of the options must be 0 or more, or -1 for no limit, and not %" G_GINT64_FORMAT, property, value);
  return FALSE;
}

static gboolean
check (const ProcstreamCompleteSettings *self,
       GError                          **error)
{
  if (!check_time ("timeout-ms", self->timeout_ms, error) ||
      !check_time ("idle-timeout-ms", self->idle_timeout_ms, error) ||
      !check_time ("drain-timeout-ms", self->drain_timeout_ms, error))
    return FALSE;
  if (self->keep != PROCSTREAM_KEEP_FIRST && self->keep != PROCSTREAM_KEEP_LAST)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "The property “keep” of the options must be the first or the last");
  else if (self->capture && self->max_bytes == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The property “max-bytes” of the options must not be 0");
  else if (self->idle_timeout_ms >= 0 && !self->idle[0] && !self->idle[1])
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "The options have an “idle-timeout-ms”, but no output that it is about");
  else
    return TRUE;
  return FALSE;
}

gboolean
procstream_complete_settings_init (ProcstreamCompleteSettings *self,
                                   ProcstreamCompleteOptions  *options,
                                   GError                    **error)
{
  g_autoptr (ProcstreamCompleteOptions) used = options ? g_object_ref (options) : procstream_complete_options_new ();

  *self = (ProcstreamCompleteSettings){
    .timeout_ms = procstream_complete_options_get_timeout_ms (used),
    .idle_timeout_ms = procstream_complete_options_get_idle_timeout_ms (used),
    .idle = { procstream_complete_options_get_idle_stdout (used), procstream_complete_options_get_idle_stderr (used) },
    .drain_timeout_ms = procstream_complete_options_get_drain_timeout_ms (used),
    .output_limit = procstream_complete_options_get_output_limit (used),
    .end_on = procstream_complete_options_get_end_on (used),
    .capture = procstream_complete_options_get_capture (used),
    .keep = procstream_complete_options_get_keep (used),
    .max_bytes = procstream_complete_options_get_max_bytes (used),
    .allow_truncated = procstream_complete_options_get_allow_truncated (used),
    .close_stdin = procstream_complete_options_get_close_stdin (used),
  };
  if (!check (self, error))
    return FALSE;
  if (procstream_complete_options_get_shutdown (used) == NULL)
    return TRUE;
  self->shutdown = procstream_shutdown_plan_new (procstream_complete_options_get_shutdown (used), error);
  return self->shutdown != NULL;
}

void
procstream_complete_settings_clear (ProcstreamCompleteSettings *self)
{
  g_clear_pointer (&self->shutdown, procstream_shutdown_plan_unref);
}
