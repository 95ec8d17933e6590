/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-log-model-private.h"

#include "procstream-dispatcher-private.h"
#include "procstream-line-private.h"
#include "procstream-platform-private.h"
#include "procstream-sink-private.h"
#include "procstream-waiters-private.h"
#include "procstream-worker-private.h"

#include <string.h>

/*
 * A snapshot is written, a buffer at a time, so it takes no more memory than that and the blocks of lines that leave the list
 * meanwhile. A file, and a stream of GIO's own, are written by a worker, with calls that may block; a stream of any other class only in the
 * thread of the context, a buffer in each iteration.
 *
 * Counted: one reference is the writer's, one is that of who waits. Who stops waiting cancels stop, which belongs to this alone, and the
 * writer gives up. GFile objects are duplicated, and there is one reference to the stream, which is dropped in the thread of the context, or sent
 * there: no object of the user ever goes in a worker. The writer lets go before it tells who waits, so who waited for the end is the last one, and
 * nothing is left when there is no main loop to send anything to.
 *
 * A file gets its name when it is whole: until then it is another one, beside it, or, where there was none before, it is taken away again.
 */
typedef struct
{
  gatomicrefcount         ref_count;
  ProcstreamLineSnapshot *snapshot;
  ProcstreamWaiters      *waiters;
  GMainContext           *context;
  GThread                *owner_thread;
  GCancellable           *stop;
  GFile                  *file; /* or, given by the user: */
  GOutputStream          *stream;

  /* Of the writer. */
  GOutputStream *target; /* that of the file, owned; or stream itself */
  gboolean       is_new; /* there was no such file */
  guint64        next;
  GString       *buffer;
} Save;

/* As much as one call writes well, and the loop does not feel. */
#define BUFFER_SIZE (64 * 1024)

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

static gboolean
nothing_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static void
unref_in_context (GMainContext *context,
                  gpointer      object)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_static_name (source, "procstream-unref");
  g_source_set_callback (source, nothing_cb, object, g_object_unref);
  g_source_attach (source, context);
}

static void
save_unref (gpointer data)
{
  Save *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->stream == NULL)
    g_clear_object (&self->target);
  else if (g_thread_self () == self->owner_thread)
    g_object_unref (self->stream);
  else
    unref_in_context (self->context, self->stream);
  g_clear_object (&self->file);
  g_object_unref (self->stop);
  g_main_context_unref (self->context);
  procstream_line_snapshot_free (self->snapshot);
  procstream_waiters_unref (self->waiters);
  g_string_free (self->buffer, TRUE);
  g_free (self);
}

/* Nobody waits any more. */
static void
save_abandon (gpointer data)
{
  Save *self = data;

  g_cancellable_cancel (self->stop);
  save_unref (self);
}

/* Two references are the caller's: its own, and that of who writes. */
static Save *
save_new (ProcstreamLogModel *model,
          GFile              *file,
          GOutputStream      *stream)
{
  Save *self = g_new0 (Save, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  self->snapshot = procstream_line_store_snapshot (procstream_log_model_get_shown (model));
  self->next = procstream_line_snapshot_get_first (self->snapshot);
  self->waiters = procstream_waiters_new ();
  self->context = g_main_context_ref (procstream_log_model_get_context (model));
  self->owner_thread = procstream_log_model_get_owner_thread (model);
  self->stop = g_cancellable_new ();
  self->file = file ? g_file_dup (file) : NULL;
  self->stream = stream ? g_object_ref (stream) : NULL;
  self->buffer = g_string_sized_new (BUFFER_SIZE);
  return self;
}

/* --- Writing ------------------------------------------------------------------------------------------------------------------ */

static void
append_line (GString                    *buffer,
             const ProcstreamStoredLine *line)
{
  ProcstreamStoredGap gap;

  if (!line->is_gap)
    {
      if (line->size > 0)
        g_string_append_len (buffer, (const char *) line->data, line->size);
    }
  else
    {
      g_autofree char *text = NULL;

      memcpy (&gap, line->data, sizeof gap);
      text = procstream_line_describe_gap (gap.bytes);
      g_string_append (buffer, text);
    }
  g_string_append_c (buffer, '\n');
}

static gboolean
save_open (Save    *self,
           GError **error)
{
  if (self->stream)
    {
      self->target = self->stream;
      return TRUE;
    }
  self->is_new = !g_file_query_exists (self->file, self->stop);
  self->target = G_OUTPUT_STREAM (g_file_replace (self->file, NULL, FALSE, G_FILE_CREATE_NONE, self->stop, error));
  return self->target != NULL;
}

/* FALSE at the end, or with an error. */
static gboolean
save_step (Save    *self,
           GError **error)
{
  ProcstreamStoredLine line;
  gsize                written;

  g_string_truncate (self->buffer, 0);
  while (self->buffer->len < BUFFER_SIZE && procstream_line_snapshot_lookup (self->snapshot, self->next, &line))
    {
      append_line (self->buffer, &line);
      self->next++;
    }
  return self->buffer->len > 0 &&
         g_output_stream_write_all (self->target, self->buffer->str, self->buffer->len, &written, self->stop, error);
}

/* A stream of the user's stays open. */
static void
save_close (Save    *self,
            GError **error)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();

  if (self->target == NULL)
    return;
  if (self->stream)
    {
      if (*error == NULL)
        g_output_stream_flush (self->target, self->stop, error);
      return;
    }
  if (*error == NULL && g_output_stream_close (self->target, self->stop, error))
    return;
  /* Cancelled, it does not take the place of the old one. */
  g_cancellable_cancel (cancelled);
  g_output_stream_close (self->target, cancelled, NULL);
  if (self->is_new)
    g_file_delete (self->file, NULL, NULL);
}

static void
save_end (Save   *self,
          GError *error) /* taken */
{
  ProcstreamWaiters *waiters;

  save_close (self, &error);
  if (error && self->file)
    {
      g_autofree char *name = g_file_get_parse_name (self->file);

      g_prefix_error (&error, "Saving the log to “%s” failed: ", name);
    }
  waiters = procstream_waiters_ref (self->waiters);
  save_unref (self);
  procstream_waiters_complete (waiters, error);
  procstream_waiters_unref (waiters);
  g_clear_error (&error);
}

static gpointer
save_in_worker (gpointer data)
{
  Save   *self = data;
  GError *error = NULL;

  if (save_open (self, &error))
    while (save_step (self, &error))
      ;
  save_end (self, error);
  return NULL;
}

static gboolean
save_in_context_cb (gpointer data)
{
  Save   *self = data;
  GError *error = NULL;

  if ((self->target || save_open (self, &error)) && save_step (self, &error))
    return G_SOURCE_CONTINUE;
  save_end (self, error);
  return G_SOURCE_REMOVE;
}

static void
save_begin (Save *self)
{
  g_autoptr (GSource) source = NULL;

  if (self->stream == NULL || procstream_output_stream_is_native (self->stream))
    {
      procstream_worker_run ("procstream-save", save_in_worker, self);
      return;
    }
  source = g_idle_source_new ();
  g_source_set_static_name (source, "procstream-save");
  g_source_set_callback (source, save_in_context_cb, self, NULL);
  g_source_attach (source, self->context);
}

static void
save_async (ProcstreamLogModel *self,
            GFile              *file,
            GOutputStream      *stream,
            GTask              *task)
{
  Save   *save;
  GError *error = NULL;

  if (!procstream_platform_check_forked ("save a log", &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  save = save_new (self, file, stream);
  g_task_set_task_data (task, save, save_abandon);
  procstream_waiters_add_task (save->waiters, task);
  save_begin (save);
}

static gboolean
save (ProcstreamLogModel *self,
      GFile              *file,
      GOutputStream      *stream,
      gint64              timeout_ms,
      GCancellable       *cancellable,
      GError            **error)
{
  gboolean      foreign = stream && !procstream_output_stream_is_native (stream);
  GMainContext *context;
  Save         *save;
  gboolean      saved;

  if (!procstream_platform_check_forked ("save a log", error))
    return FALSE;
  context = g_main_context_ref (procstream_log_model_get_context (self));
  save = save_new (self, file, stream);
  /* It is written to by a source of the context, which a blocking call does not run by itself. */
  if (foreign)
    procstream_dispatcher_hold_iterate (context);
  save_begin (save);
  saved = procstream_waiters_wait (save->waiters, context, procstream_log_model_get_owner_thread (self),
                                   "a log to be saved", timeout_ms, cancellable, error);
  if (foreign)
    procstream_dispatcher_release_iterate (context);
  save_abandon (save);
  g_main_context_unref (context);
  return saved;
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_log_model_save:
 * @self: a log model
 * @file: where to
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops saving
 * @error: return location for an error
 *
 * Writes the lines that are shown now to a file, byte for byte as they came, with a line feed
 * after each, and blocks until that is done. An item that stands for a gap is
 * written as its text.
 *
 * A file of that name is replaced when all is written; when that does not succeed, nothing has
 * changed. It is written in a thread of the library, in pieces of 64 KiB. Meanwhile the handlers and
 * consumers of all objects of this library in its main context are served.
 *
 * Returns: %TRUE, or %FALSE with an error of #GIOErrorEnum, among them
 *   %G_IO_ERROR_TIMED_OUT and %G_IO_ERROR_CANCELLED, after which it gives up as soon as it can, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_log_model_save (ProcstreamLogModel *self,
                           GFile              *file,
                           gint64              timeout_ms,
                           GCancellable       *cancellable,
                           GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), FALSE);
  g_return_val_if_fail (G_IS_FILE (file), FALSE);
  g_return_val_if_fail (timeout_ms >= -1, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return save (self, file, NULL, timeout_ms, cancellable, error);
}

/**
 * procstream_log_model_save_async:
 * @self: a log model
 * @file: where to
 * @cancellable: (nullable): stops saving
 * @callback: (nullable): called when it is done
 * @user_data: data for @callback
 *
 * Writes the lines that are shown now to a file, as [method@Procstream.LogModel.save]
 * does, without blocking.
 *
 * Since: 1.0
 */
void
procstream_log_model_save_async (ProcstreamLogModel *self,
                                 GFile              *file,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  GTask *task;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_log_model_save_async);
  save_async (self, file, NULL, task);
}

/**
 * procstream_log_model_save_finish:
 * @self: a log model
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.LogModel.save_async].
 *
 * Returns: %TRUE, or %FALSE with the errors of [method@Procstream.LogModel.save]
 *
 * Since: 1.0
 */
gboolean
procstream_log_model_save_finish (ProcstreamLogModel *self,
                                  GAsyncResult       *result,
                                  GError            **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_log_model_save_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * procstream_log_model_save_to_stream:
 * @self: a log model
 * @stream: where to; it stays open
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops saving
 * @error: return location for an error
 *
 * Writes the lines that are shown now to a stream, and flushes it, in the form in which
 * [method@Procstream.LogModel.save] does it. A stream whose class is one of GIO's
 * own is written to in a thread of the library, any other in the main context, which this call
 * then iterates.
 *
 * Returns: %TRUE, or %FALSE with an error of the stream, or those of
 *   [method@Procstream.LogModel.save]; some of it may have been written then
 *
 * Since: 1.0
 */
gboolean
procstream_log_model_save_to_stream (ProcstreamLogModel *self,
                                     GOutputStream      *stream,
                                     gint64              timeout_ms,
                                     GCancellable       *cancellable,
                                     GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), FALSE);
  g_return_val_if_fail (G_IS_OUTPUT_STREAM (stream), FALSE);
  g_return_val_if_fail (timeout_ms >= -1, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return save (self, NULL, stream, timeout_ms, cancellable, error);
}

/**
 * procstream_log_model_save_to_stream_async:
 * @self: a log model
 * @stream: where to; it stays open
 * @cancellable: (nullable): stops saving
 * @callback: (nullable): called when it is done
 * @user_data: data for @callback
 *
 * Writes the lines that are shown now to a stream, as
 * [method@Procstream.LogModel.save_to_stream] does, without blocking.
 *
 * Since: 1.0
 */
void
procstream_log_model_save_to_stream_async (ProcstreamLogModel *self,
                                           GOutputStream      *stream,
                                           GCancellable       *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer            user_data)
{
  GTask *task;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));
  g_return_if_fail (G_IS_OUTPUT_STREAM (stream));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_log_model_save_to_stream_async);
  save_async (self, NULL, stream, task);
}

/**
 * procstream_log_model_save_to_stream_finish:
 * @self: a log model
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.LogModel.save_to_stream_async].
 *
 * Returns: %TRUE, or %FALSE with the errors of
 *   [method@Procstream.LogModel.save_to_stream]
 *
 * Since: 1.0
 */
gboolean
procstream_log_model_save_to_stream_finish (ProcstreamLogModel *self,
                                            GAsyncResult       *result,
                                            GError            **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_log_model_save_to_stream_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
