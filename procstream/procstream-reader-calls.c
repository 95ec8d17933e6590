/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-reader.h"

#include "procstream-reader-private.h"

/* The ways of reading: each in a blocking and in an asynchronous form. */

/**
 * procstream_reader_next:
 * @self: an attached reader
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the reading
 * @error: return location for an error
 *
 * Blocks until there is a chunk. It waits as [method@Procstream.Consumer.wait] does.
 *
 * Returns: (transfer full) (nullable): a chunk, never empty; %NULL without an error
 *   at the end; %NULL with the read error that ended the output,
 *   %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED, %G_IO_ERROR_PENDING when another
 *   read is under way, %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the reader is not
 *   attached, %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK when there is nothing yet and the
 *   call is made in a handler or consumer of an output of the same child, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
GBytes *
procstream_reader_next (ProcstreamReader *self,
                        gint64            timeout_ms,
                        GCancellable     *cancellable,
                        GError          **error)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_CHUNK };
  ProcstreamReadItem   item;

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return procstream_reader_read (self, &wanted, timeout_ms, cancellable, &item, error) ? item.bytes : NULL;
}

/**
 * procstream_reader_next_async:
 * @self: an attached reader
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @callback: (nullable): called when there is a chunk, or the end
 * @user_data: data for @callback
 *
 * Reads the next chunk.
 *
 * Since: 1.0
 */
void
procstream_reader_next_async (ProcstreamReader   *self,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_return_if_fail (PROCSTREAM_IS_READER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  procstream_reader_read_async (self, &(ProcstreamRead){ .kind = PROCSTREAM_READ_CHUNK }, procstream_reader_next_async, cancellable, callback, user_data);
}

/**
 * procstream_reader_next_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Reader.next_async].
 *
 * Returns: (transfer full) (nullable): as [method@Procstream.Reader.next]
 *
 * Since: 1.0
 */
GBytes *
procstream_reader_next_finish (ProcstreamReader *self,
                               GAsyncResult     *result,
                               GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_reader_next_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * procstream_reader_next_info:
 * @self: an attached reader
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the reading
 * @error: return location for an error
 *
 * Reads as [method@Procstream.Reader.next] does, and tells what is known of the chunk.
 *
 * What another way of reading has taken and not returned, the beginning of a line among it, comes
 * first: what is left of each chunk by itself, where it stands, in the order of their arrival. Only where
 * [property@Procstream.OutputConfig:encoding] is set, or escape sequences are
 * stripped, it comes in one piece for each stream, with the place of what follows it.
 *
 * Returns: (transfer full) (nullable): a chunk; %NULL without an error at the end; %NULL
 *   with an error of [method@Procstream.Reader.next]
 *
 * Since: 1.0
 */
ProcstreamChunkInfo *
procstream_reader_next_info (ProcstreamReader *self,
                             gint64            timeout_ms,
                             GCancellable     *cancellable,
                             GError          **error)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_INFO };
  ProcstreamReadItem   item;

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return procstream_reader_read (self, &wanted, timeout_ms, cancellable, &item, error) ? item.info : NULL;
}

/**
 * procstream_reader_next_info_async:
 * @self: an attached reader
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @callback: (nullable): called when there is a chunk, or the end
 * @user_data: data for @callback
 *
 * Reads the next chunk, with what is known of it.
 *
 * Since: 1.0
 */
void
procstream_reader_next_info_async (ProcstreamReader   *self,
                                   GCancellable       *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer            user_data)
{
  g_return_if_fail (PROCSTREAM_IS_READER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  procstream_reader_read_async (self, &(ProcstreamRead){ .kind = PROCSTREAM_READ_INFO }, procstream_reader_next_info_async, cancellable, callback, user_data);
}

/**
 * procstream_reader_next_info_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Reader.next_info_async].
 *
 * Returns: (transfer full) (nullable): as [method@Procstream.Reader.next_info]
 *
 * Since: 1.0
 */
ProcstreamChunkInfo *
procstream_reader_next_info_finish (ProcstreamReader *self,
                                    GAsyncResult     *result,
                                    GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_reader_next_info_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * procstream_reader_read_line:
 * @self: an attached reader
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the reading
 * @error: return location for an error
 *
 * Blocks until there is a line. It waits as [method@Procstream.Consumer.wait] does.
 *
 * Returns: (transfer full) (nullable): a line of valid UTF-8 without its
 *   separator; %NULL without an error at the end; %NULL with the errors of
 *   [method@Procstream.Reader.next]
 *
 * Since: 1.0
 */
char *
procstream_reader_read_line (ProcstreamReader *self,
                             gint64            timeout_ms,
                             GCancellable     *cancellable,
                             GError          **error)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_TEXT };
  ProcstreamReadItem   item;

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return procstream_reader_read (self, &wanted, timeout_ms, cancellable, &item, error) ? item.text : NULL;
}

/**
 * procstream_reader_read_line_async:
 * @self: an attached reader
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @callback: (nullable): called when there is a line, or the end
 * @user_data: data for @callback
 *
 * Reads the next line.
 *
 * Since: 1.0
 */
void
procstream_reader_read_line_async (ProcstreamReader   *self,
                                   GCancellable       *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer            user_data)
{
  g_return_if_fail (PROCSTREAM_IS_READER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  procstream_reader_read_async (self, &(ProcstreamRead){ .kind = PROCSTREAM_READ_TEXT }, procstream_reader_read_line_async, cancellable, callback, user_data);
}

/**
 * procstream_reader_read_line_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Reader.read_line_async].
 *
 * Returns: (transfer full) (nullable): as [method@Procstream.Reader.read_line]
 *
 * Since: 1.0
 */
char *
procstream_reader_read_line_finish (ProcstreamReader *self,
                                    GAsyncResult     *result,
                                    GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_reader_read_line_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * procstream_reader_next_line:
 * @self: an attached reader
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @error: return location for an error
 *
 * Blocks until there is a line, and returns it with its bytes, and when and from which stream it came. It waits as [method@Procstream.Consumer.wait] does.
 *
 * Returns: (transfer full) (nullable): a line; %NULL without an error
 *   at the end; %NULL with the errors of [method@Procstream.Reader.next]
 *
 * Since: 1.0
 */
ProcstreamLine *
procstream_reader_next_line (ProcstreamReader *self, gint64 timeout_ms, GCancellable *cancellable, GError **error)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_LINE };
  ProcstreamReadItem   item;

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return procstream_reader_read (self, &wanted, timeout_ms, cancellable, &item, error) ? item.line : NULL;
}

/**
 * procstream_reader_next_line_async:
 * @self: an attached reader
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @callback: (nullable): called when there is a line, or the end
 * @user_data: data for @callback
 *
 * As [method@Procstream.Reader.next_line], without blocking.
 *
 * Since: 1.0
 */
void
procstream_reader_next_line_async (ProcstreamReader *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_LINE };

  g_return_if_fail (PROCSTREAM_IS_READER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  procstream_reader_read_async (self, &wanted, procstream_reader_next_line_async, cancellable, callback, user_data);
}

/**
 * procstream_reader_next_line_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Reader.next_line_async].
 *
 * Returns: (transfer full) (nullable): as [method@Procstream.Reader.next_line]
 *
 * Since: 1.0
 */
ProcstreamLine *
procstream_reader_next_line_finish (ProcstreamReader *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_reader_next_line_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * procstream_reader_read_until:
 * @self: an attached reader
 * @terminator: the bytes to read to; not empty
 * @max_size: how many bytes to return at most, with those of the terminator;
 *   at least as many as it has
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @error: return location for an error
 *
 * Blocks until there are all bytes up to and with @terminator: a line, a record, or a prompt after which no newline comes. It waits as [method@Procstream.Consumer.wait] does.
 *
 * Before the end of the output, and before a gap, the bytes that are left are returned without
 * the terminator: bytes that do not end with it are all there was.
 *
 * Returns: (transfer full) (nullable): the bytes, never empty; %NULL without an error
 *   at the end; %NULL with %G_IO_ERROR_MESSAGE_TOO_LARGE when the terminator is not among the next
 *   @max_size bytes, which can then be read in another way, with
 *   %G_IO_ERROR_NOT_SUPPORTED from a merged output, or with the errors of
 *   [method@Procstream.Reader.next]
 *
 * Since: 1.0
 */
GBytes *
procstream_reader_read_until (ProcstreamReader *self, GBytes *terminator, gsize max_size, gint64 timeout_ms, GCancellable *cancellable, GError **error)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_UNTIL, .size = max_size, .terminator = terminator };
  ProcstreamReadItem   item;

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (terminator != NULL && g_bytes_get_size (terminator) > 0, NULL);
  g_return_val_if_fail (max_size >= g_bytes_get_size (terminator), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return procstream_reader_read (self, &wanted, timeout_ms, cancellable, &item, error) ? item.bytes : NULL;
}

/**
 * procstream_reader_read_until_async:
 * @self: an attached reader
 * @terminator: the bytes to read to; not empty
 * @max_size: how many bytes to return at most, with those of the terminator;
 *   at least as many as it has
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @callback: (nullable): called when the terminator was read, or there is no more
 * @user_data: data for @callback
 *
 * As [method@Procstream.Reader.read_until], without blocking.
 *
 * Since: 1.0
 */
void
procstream_reader_read_until_async (ProcstreamReader *self, GBytes *terminator, gsize max_size, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_UNTIL, .size = max_size, .terminator = terminator };

  g_return_if_fail (PROCSTREAM_IS_READER (self));
  g_return_if_fail (terminator != NULL && g_bytes_get_size (terminator) > 0);
  g_return_if_fail (max_size >= g_bytes_get_size (terminator));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  procstream_reader_read_async (self, &wanted, procstream_reader_read_until_async, cancellable, callback, user_data);
}

/**
 * procstream_reader_read_until_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Reader.read_until_async].
 *
 * Returns: (transfer full) (nullable): as [method@Procstream.Reader.read_until]
 *
 * Since: 1.0
 */
GBytes *
procstream_reader_read_until_finish (ProcstreamReader *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_reader_read_until_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * procstream_reader_read_exactly:
 * @self: an attached reader
 * @size: how many bytes; not 0
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @error: return location for an error
 *
 * Blocks until there are @size bytes. It waits as [method@Procstream.Consumer.wait] does.
 *
 * Before the end of the output, and before a gap, the bytes that are left are returned: so fewer than
 * @size are all there was.
 *
 * Returns: (transfer full) (nullable): the bytes, never empty; %NULL without an error
 *   at the end; %NULL with %G_IO_ERROR_NOT_SUPPORTED from a merged output, or with the errors of
 *   [method@Procstream.Reader.next]
 *
 * Since: 1.0
 */
GBytes *
procstream_reader_read_exactly (ProcstreamReader *self, gsize size, gint64 timeout_ms, GCancellable *cancellable, GError **error)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_EXACTLY, .size = size };
  ProcstreamReadItem   item;

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (size > 0, NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return procstream_reader_read (self, &wanted, timeout_ms, cancellable, &item, error) ? item.bytes : NULL;
}

/**
 * procstream_reader_read_exactly_async:
 * @self: an attached reader
 * @size: how many bytes; not 0
 * @cancellable: (nullable): stops the reading; nothing is lost
 * @callback: (nullable): called when there are so many bytes, or no more
 * @user_data: data for @callback
 *
 * As [method@Procstream.Reader.read_exactly], without blocking.
 *
 * Since: 1.0
 */
void
procstream_reader_read_exactly_async (ProcstreamReader *self, gsize size, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_EXACTLY, .size = size };

  g_return_if_fail (PROCSTREAM_IS_READER (self));
  g_return_if_fail (size > 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  procstream_reader_read_async (self, &wanted, procstream_reader_read_exactly_async, cancellable, callback, user_data);
}

/**
 * procstream_reader_read_exactly_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Reader.read_exactly_async].
 *
 * Returns: (transfer full) (nullable): as [method@Procstream.Reader.read_exactly]
 *
 * Since: 1.0
 */
GBytes *
procstream_reader_read_exactly_finish (ProcstreamReader *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_reader_read_exactly_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * procstream_reader_wait_more_async:
 * @self: an attached reader
 * @cancellable: (nullable): stops the waiting
 * @callback: (nullable): called when there is something, or the end
 * @user_data: data for @callback
 *
 * Waits until there is something to read that no read has looked at yet, or never will be, and takes nothing.
 *
 * It is for languages in which what a callback was given may be dropped before anybody has seen it, as where a task that awaits it is
 * cancelled at that very moment. There one reads with a time limit of 0, and waits with this when nothing is
 * found: what was found is returned at once, and cannot be lost on the way. It is a read like the others: one of
 * them can be under way at a time.
 *
 * What is lossy may be gone again when it is read.
 *
 * Since: 1.0
 */
void
procstream_reader_wait_more_async (ProcstreamReader *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  const ProcstreamRead wanted = { .kind = PROCSTREAM_READ_NOTHING };

  g_return_if_fail (PROCSTREAM_IS_READER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  procstream_reader_read_async (self, &wanted, procstream_reader_wait_more_async, cancellable, callback, user_data);
}

/**
 * procstream_reader_wait_more_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Reader.wait_more_async].
 *
 * Returns: %TRUE when the next read finds more than the last one, or the end, which is an error there where the
 *   output ended with one; %FALSE with %G_IO_ERROR_CANCELLED, %G_IO_ERROR_PENDING when another
 *   read is under way, %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the reader is not attached, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_reader_wait_more_finish (ProcstreamReader *self, GAsyncResult *result, GError **error)
{
  GError *local_error = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_reader_wait_more_async), FALSE);

  g_task_propagate_pointer (G_TASK (result), &local_error);
  if (local_error)
    g_propagate_error (error, local_error);
  return local_error == NULL;
}
