/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-writer-private.h"

/* The options and the counts of a writer, which are those of its record. */

static gboolean
is_fresh (ProcstreamWriter *self)
{
  return procstream_consumer_get_state (PROCSTREAM_CONSUMER (self)) == PROCSTREAM_CONSUMER_STATE_NONE;
}

/**
 * procstream_writer_get_file: (get-property file)
 * @self: a writer
 *
 * Gets the file that is written to.
 *
 * Returns: (transfer none) (nullable): the file, or %NULL
 *
 * Since: 1.0
 */
GFile *
procstream_writer_get_file (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), NULL);

  return procstream_writer_peek_file (self);
}

/**
 * procstream_writer_get_file_mode: (get-property file-mode)
 * @self: a writer
 *
 * Gets how the file is opened.
 *
 * Returns: the mode
 *
 * Since: 1.0
 */
ProcstreamFileMode
procstream_writer_get_file_mode (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), PROCSTREAM_FILE_MODE_UNSET);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->file_mode;
}

/**
 * procstream_writer_get_stream: (get-property stream)
 * @self: a writer
 *
 * Gets the stream that is written to.
 *
 * Returns: (transfer none) (nullable): the stream, or %NULL
 *
 * Since: 1.0
 */
GOutputStream *
procstream_writer_get_stream (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), NULL);

  return procstream_writer_peek_stream (self);
}

/**
 * procstream_writer_get_write_mode: (get-property write-mode)
 * @self: a writer
 *
 * Gets what is written.
 *
 * Returns: bytes or lines
 *
 * Since: 1.0
 */
ProcstreamWriteMode
procstream_writer_get_write_mode (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), PROCSTREAM_WRITE_MODE_UNSET);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->mode;
}

/**
 * procstream_writer_set_write_mode: (set-property write-mode)
 * @self: a writer that is not attached yet
 * @write_mode: see [property@Procstream.Writer:write-mode]
 *
 * Sets what is written.
 *
 * Since: 1.0
 */
void
procstream_writer_set_write_mode (ProcstreamWriter *self, ProcstreamWriteMode write_mode)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (options->mode == write_mode)
    return;
  options->mode = write_mode;
  g_object_notify (G_OBJECT (self), "write-mode");
}

/**
 * procstream_writer_get_prefix: (get-property prefix)
 * @self: a writer
 *
 * Gets what is put before each line.
 *
 * Returns: (nullable): the prefix, or %NULL
 *
 * Since: 1.0
 */
const char *
procstream_writer_get_prefix (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), NULL);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->prefix;
}

/**
 * procstream_writer_set_prefix: (set-property prefix)
 * @self: a writer that is not attached yet
 * @prefix: (nullable): see [property@Procstream.Writer:prefix]
 *
 * Sets what is put before each line.
 *
 * Since: 1.0
 */
void
procstream_writer_set_prefix (ProcstreamWriter *self, const char *prefix)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (g_strcmp0 (options->prefix, prefix) == 0)
    return;
  g_free (options->prefix);
  options->prefix = g_strdup (prefix);
  g_object_notify (G_OBJECT (self), "prefix");
}

/**
 * procstream_writer_get_line_ending: (get-property line-ending)
 * @self: a writer
 *
 * Gets what is put after each line.
 *
 * Returns: the line ending
 *
 * Since: 1.0
 */
const char *
procstream_writer_get_line_ending (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), NULL);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->line_ending;
}

/**
 * procstream_writer_set_line_ending: (set-property line-ending)
 * @self: a writer that is not attached yet
 * @line_ending: see [property@Procstream.Writer:line-ending]
 *
 * Sets what is put after each line.
 *
 * Since: 1.0
 */
void
procstream_writer_set_line_ending (ProcstreamWriter *self, const char *line_ending)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (line_ending != NULL);
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (g_strcmp0 (options->line_ending, line_ending) == 0)
    return;
  g_free (options->line_ending);
  options->line_ending = g_strdup (line_ending);
  g_object_notify (G_OBJECT (self), "line-ending");
}

/**
 * procstream_writer_get_mark_losses: (get-property mark-losses)
 * @self: a writer
 *
 * Gets whether what is missing is marked.
 *
 * Returns: %TRUE when it is
 *
 * Since: 1.0
 */
gboolean
procstream_writer_get_mark_losses (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), FALSE);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->mark_losses;
}

/**
 * procstream_writer_set_mark_losses: (set-property mark-losses)
 * @self: a writer that is not attached yet
 * @mark_losses: see [property@Procstream.Writer:mark-losses]
 *
 * Sets whether what is missing is marked.
 *
 * Since: 1.0
 */
void
procstream_writer_set_mark_losses (ProcstreamWriter *self, gboolean mark_losses)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (options->mark_losses == mark_losses)
    return;
  options->mark_losses = mark_losses;
  g_object_notify (G_OBJECT (self), "mark-losses");
}

/**
 * procstream_writer_get_error_policy: (get-property error-policy)
 * @self: a writer
 *
 * Gets what is done after an error.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
ProcstreamWriteErrorPolicy
procstream_writer_get_error_policy (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), PROCSTREAM_WRITE_ERROR_POLICY_UNSET);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->error_policy;
}

/**
 * procstream_writer_set_error_policy: (set-property error-policy)
 * @self: a writer that is not attached yet
 * @error_policy: see [property@Procstream.Writer:error-policy]
 *
 * Sets what is done after an error.
 *
 * Since: 1.0
 */
void
procstream_writer_set_error_policy (ProcstreamWriter *self, ProcstreamWriteErrorPolicy error_policy)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (options->error_policy == error_policy)
    return;
  options->error_policy = error_policy;
  g_object_notify (G_OBJECT (self), "error-policy");
}

/**
 * procstream_writer_get_flush_policy: (get-property flush-policy)
 * @self: a writer
 *
 * Gets when the stream is flushed.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
ProcstreamFlushPolicy
procstream_writer_get_flush_policy (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), PROCSTREAM_FLUSH_POLICY_UNSET);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->flush_policy;
}

/**
 * procstream_writer_set_flush_policy: (set-property flush-policy)
 * @self: a writer that is not attached yet
 * @flush_policy: see [property@Procstream.Writer:flush-policy]
 *
 * Sets when the stream is flushed.
 *
 * Since: 1.0
 */
void
procstream_writer_set_flush_policy (ProcstreamWriter *self, ProcstreamFlushPolicy flush_policy)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (options->flush_policy == flush_policy)
    return;
  options->flush_policy = flush_policy;
  g_object_notify (G_OBJECT (self), "flush-policy");
}

/**
 * procstream_writer_get_close_stream: (get-property close-stream)
 * @self: a writer
 *
 * Gets whether the stream is closed at the end.
 *
 * Returns: %TRUE when it is
 *
 * Since: 1.0
 */
gboolean
procstream_writer_get_close_stream (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), FALSE);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->close_stream;
}

/**
 * procstream_writer_set_close_stream: (set-property close-stream)
 * @self: a writer that is not attached yet
 * @close_stream: see [property@Procstream.Writer:close-stream]
 *
 * Sets whether the stream is closed at the end.
 *
 * Since: 1.0
 */
void
procstream_writer_set_close_stream (ProcstreamWriter *self, gboolean close_stream)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (options->close_stream == close_stream)
    return;
  options->close_stream = close_stream;
  g_object_notify (G_OBJECT (self), "close-stream");
}

/**
 * procstream_writer_get_max_file_size: (get-property max-file-size)
 * @self: a writer
 *
 * Gets above how many bytes the file is rotated.
 *
 * Returns: the limit, or 0
 *
 * Since: 1.0
 */
guint64
procstream_writer_get_max_file_size (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), 0);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->max_file_size;
}

/**
 * procstream_writer_set_max_file_size: (set-property max-file-size)
 * @self: a writer that is not attached yet
 * @max_file_size: see [property@Procstream.Writer:max-file-size]
 *
 * Sets above how many bytes the file is rotated.
 *
 * Since: 1.0
 */
void
procstream_writer_set_max_file_size (ProcstreamWriter *self, guint64 max_file_size)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (options->max_file_size == max_file_size)
    return;
  options->max_file_size = max_file_size;
  g_object_notify (G_OBJECT (self), "max-file-size");
}

/**
 * procstream_writer_get_max_backups: (get-property max-backups)
 * @self: a writer
 *
 * Gets how many rotated files are kept.
 *
 * Returns: a number of files
 *
 * Since: 1.0
 */
guint
procstream_writer_get_max_backups (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), 0);

  return procstream_writing_get_options (procstream_writer_get_writing (self))->max_backups;
}

/**
 * procstream_writer_set_max_backups: (set-property max-backups)
 * @self: a writer that is not attached yet
 * @max_backups: see [property@Procstream.Writer:max-backups]
 *
 * Sets how many rotated files are kept.
 *
 * Since: 1.0
 */
void
procstream_writer_set_max_backups (ProcstreamWriter *self, guint max_backups)
{
  ProcstreamWritingOptions *options;

  g_return_if_fail (PROCSTREAM_IS_WRITER (self));
  g_return_if_fail (is_fresh (self));

  options = procstream_writing_get_options (procstream_writer_get_writing (self));
  if (options->max_backups == max_backups)
    return;
  options->max_backups = max_backups;
  g_object_notify (G_OBJECT (self), "max-backups");
}

/**
 * procstream_writer_get_bytes_written: (get-property bytes-written)
 * @self: a writer
 *
 * Gets how many bytes were written.
 *
 * Returns: a count
 *
 * Since: 1.0
 */
guint64
procstream_writer_get_bytes_written (ProcstreamWriter *self)
{
  ProcstreamWritingCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), 0);

  procstream_writing_get_counts (procstream_writer_get_writing (self), &counts);
  return counts.bytes_written;
}

/**
 * procstream_writer_get_bytes_failed: (get-property bytes-failed)
 * @self: a writer
 *
 * Gets how many bytes were given up.
 *
 * Returns: a count
 *
 * Since: 1.0
 */
guint64
procstream_writer_get_bytes_failed (ProcstreamWriter *self)
{
  ProcstreamWritingCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), 0);

  procstream_writing_get_counts (procstream_writer_get_writing (self), &counts);
  return counts.bytes_failed;
}

/**
 * procstream_writer_get_write_errors: (get-property write-errors)
 * @self: a writer
 *
 * Gets how many errors there were.
 *
 * Returns: a count
 *
 * Since: 1.0
 */
guint64
procstream_writer_get_write_errors (ProcstreamWriter *self)
{
  ProcstreamWritingCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), 0);

  procstream_writing_get_counts (procstream_writer_get_writing (self), &counts);
  return counts.write_errors;
}

/**
 * procstream_writer_get_rotations: (get-property rotations)
 * @self: a writer
 *
 * Gets how many times the file was rotated.
 *
 * Returns: a count
 *
 * Since: 1.0
 */
guint64
procstream_writer_get_rotations (ProcstreamWriter *self)
{
  ProcstreamWritingCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), 0);

  procstream_writing_get_counts (procstream_writer_get_writing (self), &counts);
  return counts.rotations;
}

/**
 * procstream_writer_dup_write_error:
 * @self: a writer
 *
 * Gets the first error there was, with either policy: in opening, writing, rotating,
 * flushing or closing. A read error of the output is none of these.
 *
 * Returns: (transfer full) (nullable): the error, or %NULL
 *
 * Since: 1.0
 */
GError *
procstream_writer_dup_write_error (ProcstreamWriter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_WRITER (self), NULL);

  return procstream_writing_dup_error (procstream_writer_get_writing (self));
}
