/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a writer is told, and whether it can be done. */

#include "procstream-writing-private.h"

#include "procstream-error.h"
#include "procstream-write-text-private.h"
#include "procstream-writer.h"

void
procstream_writing_options_init (ProcstreamWritingOptions *options)
{
  *options = (ProcstreamWritingOptions){
    .max_backups = PROCSTREAM_DEFAULT_MAX_BACKUPS,
    .mode = PROCSTREAM_WRITE_MODE_BYTES,
    .line_ending = g_strdup ("\n"),
    .error_policy = PROCSTREAM_WRITE_ERROR_POLICY_STOP,
    .flush_policy = PROCSTREAM_FLUSH_POLICY_AT_END,
  };
}

void
procstream_writing_options_clear (ProcstreamWritingOptions *options)
{
  g_clear_pointer (&options->path, g_free);
  g_clear_object (&options->stream);
  g_clear_pointer (&options->prefix, g_free);
  g_clear_pointer (&options->line_ending, g_free);
}

static gboolean
unset (const char *property,
       GError    **error)
{
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "The property “%s” of the writer is not set", property);
  return FALSE;
}

static gboolean
invalid (const char *message,
         GError    **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static gboolean
check_choice (const char *property,
              guint       value,
              guint       last,
              GError    **error)
{
  if (value == 0)
    return unset (property, error);
  if (value <= last)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The property “%s” of the writer must not be %u", property, value);
  return FALSE;
}

static gboolean
check_target (const ProcstreamWritingOptions *options,
              GError                        **error)
{
  if (options->path == NULL && options->stream == NULL)
    return invalid ("The writer has neither a “stream” nor a “file” with a path on this machine", error);
  if (options->path && options->stream)
    return invalid ("The writer has a “stream” and a “file”: it can write to one of them", error);
  if (options->stream && options->max_file_size > 0)
    return invalid ("The writer writes to a stream, which has no “max-file-size”", error);
  return options->stream || check_choice ("file-mode", options->file_mode, PROCSTREAM_FILE_MODE_APPEND, error);
}

gboolean
procstream_writing_options_check (const ProcstreamWritingOptions *options,
                                  GError                        **error)
{
  if (!check_target (options, error) ||
      !check_choice ("write-mode", options->mode, PROCSTREAM_WRITE_MODE_LINES, error) ||
      !check_choice ("error-policy", options->error_policy, PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE, error) ||
      !check_choice ("flush-policy", options->flush_policy, PROCSTREAM_FLUSH_POLICY_ALWAYS, error))
    return FALSE;
  if (options->prefix == NULL)
    return TRUE;
  if (options->mode != PROCSTREAM_WRITE_MODE_LINES)
    return invalid ("The writer writes bytes: a “prefix” needs the “write-mode” lines", error);
  return procstream_write_text_check_prefix (options->prefix, error);
}
