/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-reader.h"

#include "procstream-cancel-source-private.h"
#include "procstream-consumer-private.h"
#include "procstream-dispatcher-private.h"
#include "procstream-emission-private.h"
#include "procstream-platform-private.h"
#include "procstream-pull-private.h"
#include "procstream-task-private.h"
#include "procstream-waiters-private.h"
#include "procstream-error.h"

/**
 * ProcstreamReader:
 *
 * A consumer that is read from: chunk by chunk with
 * [method@Procstream.Reader.next_async], or
 * [method@Procstream.Reader.next_info_async] where it matters when and from which stream they
 * came, or line by line with [method@Procstream.Reader.read_line_async].
 *
 * With reliable delivery, reading slowly slows the child; with lossy delivery, it
 * loses the oldest chunks, which [property@Procstream.Consumer:gaps] and
 * [property@Procstream.Consumer:bytes-lost] have counted by the time the first
 * chunk after them is returned.
 *
 * One read can be under way at a time. Cancelling a read loses nothing: what it would have
 * returned is returned by the next one. The two ways of reading may be
 * mixed.
 *
 * Since: 1.0
 */

/*
 * The pull (see there) is the state of the reading; this is who waits for it. At most one read is under way: request is a GTask that
 * waits, or busy is TRUE for a blocking call. Whenever mutex is free and there is a request, the subscription is armed, or
 * the item is posted.
 *
 * A request is completed where its own context runs, by the item, which belongs to that context. The subscription's ready
 * function, called with the core locked, only posts it.
 */
typedef enum
{
  WANTS_CHUNK,
  WANTS_INFO,
  WANTS_LINE,
} Wanted;

typedef struct
{
  gatomicrefcount         ref_count;
  ProcstreamConsumerCore *core; /* the owner of this; not counted */
  GMutex                  mutex;
  ProcstreamPull          pull;
  GTask                  *request;
  Wanted                  wanted;
  gboolean                busy;
  GSource                *cancel_source;
  GMutex                  item_mutex; /* innermost */
  ProcstreamDispatchItem *item;
  GMainContext           *item_context;
} Reading;

struct _ProcstreamReader
{
  ProcstreamConsumer parent_instance;

  Reading *reading;
};

G_DEFINE_FINAL_TYPE (ProcstreamReader, procstream_reader, PROCSTREAM_TYPE_CONSUMER)

/* --- The record --------------------------------------------------------------------------------------------------------------- */

static gpointer
reading_ref (gpointer data)
{
  Reading *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
reading_unref (gpointer data)
{
  Reading *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->request == NULL);
  procstream_pull_clear (&self->pull);
  g_clear_pointer (&self->item, procstream_dispatch_item_free);
  g_clear_pointer (&self->item_context, g_main_context_unref);
  g_mutex_clear (&self->mutex);
  g_mutex_clear (&self->item_mutex);
  g_free (self);
}

static gboolean
reading_attach (gpointer                     native,
                const ProcstreamLineOptions *lines,
                gboolean                    *wants_lines,
                GError                     **error)
{
  Reading *self = native;

  g_mutex_lock (&self->mutex);
  if (!procstream_pull_is_init (&self->pull))
    procstream_pull_init (&self->pull, lines);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static void
post_item (Reading *self)
{
  g_mutex_lock (&self->item_mutex);
  if (self->item)
    procstream_dispatch_item_post (self->item);
  g_mutex_unlock (&self->item_mutex);
}

static void
reading_ready (gpointer native)
{
  post_item (native);
}

/* Cancelled, or ended: whoever reads must be told. */
static void
reading_over (gpointer native)
{
  post_item (native);
}

static guint64
reading_get_bytes_torn (gpointer native)
{
  Reading *self = native;
  guint64  torn;

  procstream_platform_lock_to_read (&self->mutex);
  torn = procstream_pull_get_bytes_torn (&self->pull);
  procstream_platform_unlock_to_read (&self->mutex);
  return torn;
}

static const ProcstreamNativeClass native_class = {
  .attach = reading_attach,
  .ready = reading_ready,
  .over = reading_over,
  .get_bytes_torn = reading_get_bytes_torn,
  .free = reading_unref,
};

/* --- Reading ------------------------------------------------------------------------------------------------------------------ */

/* One of these is set when there is an item. */
typedef struct
{
  ProcstreamPullResult result;
  GBytes              *bytes;
  ProcstreamChunkInfo *info;
  char                *line;
} Item;

static gboolean
read_locked (Reading *self,
             Wanted   wanted,
             Item    *item)
{
  ProcstreamChunkPlace place;

  *item = (Item){ 0 };
  if (wanted == WANTS_LINE)
    item->result = procstream_pull_line (&self->pull, self->core, &item->line);
  else
    item->result = procstream_pull_next (&self->pull, self->core, &item->bytes, &place);
  if (wanted == WANTS_INFO && item->bytes)
    item->info = procstream_chunk_info_new (g_steal_pointer (&item->bytes), &place, self->pull.output);
  return item->result != PROCSTREAM_PULL_EMPTY;
}

static void
return_item (GTask  *task,
             Item   *item,
             GError *end_error)
{
  if (item->line)
    procstream_task_return_pointer (task, item->line, g_free);
  else if (item->info)
    procstream_task_return_pointer (task, item->info, g_object_unref);
  else if (item->bytes)
    procstream_task_return_pointer (task, item->bytes, (GDestroyNotify) g_bytes_unref);
  else if (end_error)
    procstream_task_return_error (task, end_error);
  else
    procstream_task_return_pointer (task, NULL, NULL);
}

static GTask *
steal_request_locked (Reading *self)
{
  g_clear_pointer (&self->cancel_source, procstream_cancel_source_end);
  return g_steal_pointer (&self->request);
}

static void
try_request (Reading *self)
{
  GTask   *task = NULL;
  Item     item;
  gboolean cancelled = FALSE;

  g_mutex_lock (&self->mutex);
  if (self->request)
    {
      cancelled = g_cancellable_is_cancelled (g_task_get_cancellable (self->request));
      if (cancelled || read_locked (self, self->wanted, &item))
        task = steal_request_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  if (task == NULL)
    return;
  if (cancelled)
    procstream_task_return_error (task, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The read was cancelled"));
  else
    return_item (task, &item, item.result == PROCSTREAM_PULL_END ? procstream_consumer_core_dup_error (self->core) : NULL);
}

static gboolean
dispatch (gpointer          data,
          ProcstreamBudget *budget)
{
  try_request (data);
  return FALSE;
}

/* The item that is posted for a request in @context. It is kept from one to the next, since they nearly always come from the
 * same context. */
static void
use_item_for (Reading      *self,
              GMainContext *context)
{
  ProcstreamDispatchItem *old = NULL;

  g_mutex_lock (&self->item_mutex);
  if (self->item_context != context)
    {
      old = g_steal_pointer (&self->item);
      g_clear_pointer (&self->item_context, g_main_context_unref);
      self->item_context = g_main_context_ref (context);
      self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, dispatch, self, reading_ref, reading_unref);
    }
  g_mutex_unlock (&self->item_mutex);
  g_clear_pointer (&old, procstream_dispatch_item_free);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  try_request (user_data);
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable_locked (Reading *self,
                          GTask   *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable == NULL)
    return;
  self->cancel_source = procstream_cancel_source_new (cancellable, g_task_get_context (task),
                                                      cancelled_cb, reading_ref (self), reading_unref);
}

/* Whether a read may begin; then it has begun. */
static gboolean
begin_locked (Reading *self,
              GError **error)
{
  if (self->request || self->busy)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING, "The reader is already reading");
      return FALSE;
    }
  if (!procstream_pull_is_init (&self->pull))
    {
      g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                           "The reader is not attached, so there is nothing to read");
      return FALSE;
    }
  return TRUE;
}

static void
start_request (ProcstreamReader   *self,
               Wanted              wanted,
               gpointer            source_tag,
               GCancellable       *cancellable,
               GAsyncReadyCallback callback,
               gpointer            user_data)
{
  Reading *reading = self->reading;
  GTask   *task = g_task_new (self, cancellable, callback, user_data);
  GError  *error = NULL;

  g_task_set_source_tag (task, source_tag);
  /* Before any lock: in a forked copy, another thread may have held each of them. */
  if (!procstream_platform_check_forked ("read", &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (g_task_return_error_if_cancelled (task))
    {
      g_object_unref (task);
      return;
    }
  use_item_for (reading, g_task_get_context (task));
  g_mutex_lock (&reading->mutex);
  if (begin_locked (reading, &error))
    {
      reading->request = g_object_ref (task);
      reading->wanted = wanted;
      watch_cancellable_locked (reading, task);
    }
  g_mutex_unlock (&reading->mutex);
  if (error)
    g_task_return_error (task, error);
  else
    try_request (reading);
  g_object_unref (task);
}

/* --- Blocking ----------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Reading *reading;
  Wanted   wanted;
  Item     item;
} BlockingRead;

static gboolean
is_read (gpointer data)
{
  BlockingRead *read = data;
  gboolean      done;

  g_mutex_lock (&read->reading->mutex);
  done = read_locked (read->reading, read->wanted, &read->item);
  g_mutex_unlock (&read->reading->mutex);
  return done;
}

static gboolean
wait_elsewhere (BlockingRead *read,
                gint64        deadline,
                GCancellable *cancellable)
{
  while (!is_read (read))
    {
      ProcstreamOutputCore   *output;
      ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (read->reading->core, &output);
      gboolean                has_next;

      if (subscription == NULL)
        continue;
      has_next = procstream_output_core_wait (output, subscription, deadline, cancellable);
      procstream_subscription_unref (subscription);
      procstream_output_core_unref (output);
      if (!has_next && (g_cancellable_is_cancelled (cancellable) || (deadline >= 0 && g_get_monotonic_time () >= deadline)))
        return is_read (read);
    }
  return TRUE;
}

static gboolean
read_blocking (ProcstreamReader *self,
               BlockingRead     *read,
               gint64            timeout_ms,
               GCancellable     *cancellable,
               GError          **error)
{
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (self);
  GMainContext       *context = procstream_consumer_get_context (consumer);
  gint64              deadline = procstream_waiters_get_deadline (timeout_ms);
  gboolean            done;

  /* Most reads of one who keeps up with lines need not wait. */
  if (is_read (read))
    return TRUE;
  if (procstream_emission_is_under_way (procstream_consumer_get_family (consumer)))
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK,
                   "There is nothing to read from “%s” yet, and a handler or consumer of the same child or output cannot wait for it",
                   procstream_consumer_get_label (consumer));
      return FALSE;
    }
  if (procstream_consumer_get_owner_thread (consumer) == g_thread_self () && g_main_context_acquire (context))
    {
      use_item_for (read->reading, context);
      done = procstream_dispatcher_run_until (context, is_read, read, deadline, cancellable);
      g_main_context_release (context);
    }
  else
    {
      done = wait_elsewhere (read, deadline, cancellable);
    }
  if (!done && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "Timed out after %" G_GINT64_FORMAT " ms waiting for something to read from “%s”", timeout_ms,
                 procstream_consumer_get_label (consumer));
  return done;
}

/* FALSE with an error; TRUE with an item, or without at the end. */
static gboolean
blocking_read (ProcstreamReader *self,
               gint64            timeout_ms,
               GCancellable     *cancellable,
               BlockingRead     *read,
               GError          **error)
{
  Reading *reading = self->reading;
  GError  *end_error = NULL;
  gboolean done;

  if (!procstream_platform_check_forked ("read", error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  g_mutex_lock (&reading->mutex);
  done = begin_locked (reading, error);
  reading->busy |= done;
  g_mutex_unlock (&reading->mutex);
  if (!done)
    return FALSE;

  read->reading = reading;
  done = read_blocking (self, read, timeout_ms, cancellable, error);
  g_mutex_lock (&reading->mutex);
  reading->busy = FALSE;
  g_mutex_unlock (&reading->mutex);
  if (done && read->item.result == PROCSTREAM_PULL_END)
    end_error = procstream_consumer_core_dup_error (reading->core);
  if (end_error)
    g_propagate_error (error, end_error);
  return done && end_error == NULL;
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_reader_class_init (ProcstreamReaderClass *klass)
{
}

static void
procstream_reader_init (ProcstreamReader *self)
{
  Reading *reading = g_new0 (Reading, 1);

  g_atomic_ref_count_init (&reading->ref_count);
  g_mutex_init (&reading->mutex);
  g_mutex_init (&reading->item_mutex);
  self->reading = reading;
  reading->core = procstream_consumer_set_native (PROCSTREAM_CONSUMER (self), &native_class, reading);
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_reader_new:
 *
 * Makes a reader.
 *
 * Returns: (transfer full): a new reader
 *
 * Since: 1.0
 */
ProcstreamReader *
procstream_reader_new (void)
{
  return g_object_new (PROCSTREAM_TYPE_READER, NULL);
}

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
  BlockingRead read = { .wanted = WANTS_CHUNK };

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return blocking_read (self, timeout_ms, cancellable, &read, error) ? read.item.bytes : NULL;
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

  start_request (self, WANTS_CHUNK, procstream_reader_next_async, cancellable, callback, user_data);
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
 * Where lines were read before, what is left of one comes first, with the sequence number and the
 * time of the chunk that it reaches into. Its offset is exact unless it is a piece of a line that
 * was cut at the limit of the length.
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
  BlockingRead read = { .wanted = WANTS_INFO };

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return blocking_read (self, timeout_ms, cancellable, &read, error) ? read.item.info : NULL;
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

  start_request (self, WANTS_INFO, procstream_reader_next_info_async, cancellable, callback, user_data);
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
  BlockingRead read = { .wanted = WANTS_LINE };

  g_return_val_if_fail (PROCSTREAM_IS_READER (self), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return blocking_read (self, timeout_ms, cancellable, &read, error) ? read.item.line : NULL;
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

  start_request (self, WANTS_LINE, procstream_reader_read_line_async, cancellable, callback, user_data);
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
