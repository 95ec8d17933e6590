/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-reader.h"

#include "procstream-cancel-source-private.h"
#include "procstream-consumer-private.h"
#include "procstream-dispatcher-private.h"
#include "procstream-emission-private.h"
#include "procstream-platform-private.h"
#include "procstream-pull-private.h"
#include "procstream-reader-private.h"
#include "procstream-task-private.h"
#include "procstream-waiters-private.h"
#include "procstream-error.h"

/**
 * ProcstreamReader:
 *
 * A consumer that is read from.
 *
 * - By chunk: [method@Procstream.Reader.next_async], or
 *   [method@Procstream.Reader.next_info_async] where it matters when and from which stream they
 *   came.
 * - By line: [method@Procstream.Reader.read_line_async] for its text, or
 *   [method@Procstream.Reader.next_line_async] for all there is to say of it, its bytes among
 *   it.
 * - To a terminator, such as a prompt after which no newline comes:
 *   [method@Procstream.Reader.read_until_async].
 * - A number of bytes: [method@Procstream.Reader.read_exactly_async].
 *
 * All have a blocking twin.
 *
 * With reliable delivery, reading slowly slows the child; with lossy delivery, it
 * loses the oldest chunks, which [property@Procstream.Consumer:gaps] and
 * [property@Procstream.Consumer:bytes-lost] have counted by the time the first
 * chunk after them is returned.
 *
 * One read can be under way at a time. A read that is cancelled, or times out, loses nothing: what it
 * would have returned is returned by the next one. The ways of reading may be mixed; each goes on where
 * the one before it stopped, to the byte. Only lines are not made of everything: what was begun and then torn off by a
 * gap, what comes before the first separator where the reader was attached in the middle of a line, and what
 * goes beyond the limit of a truncated one is dropped when a line is asked for and found, and counted.
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
typedef struct
{
  gatomicrefcount         ref_count;
  ProcstreamConsumerCore *core; /* the owner of this; not counted */
  GMutex                  mutex;
  ProcstreamPull          pull;
  GTask                  *request;
  ProcstreamRead          wanted;
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

static gboolean
read_locked (Reading              *self,
             const ProcstreamRead *wanted,
             ProcstreamReadItem   *item)
{
  ProcstreamPull      *pull = &self->pull;
  ProcstreamChunkPlace place;

  *item = (ProcstreamReadItem){ 0 };
  switch (wanted->kind)
    {
    case PROCSTREAM_READ_CHUNK:
      item->result = procstream_pull_next (pull, self->core, &item->bytes, NULL);
      break;
    case PROCSTREAM_READ_INFO:
      item->result = procstream_pull_next (pull, self->core, &item->bytes, &place);
      if (item->bytes)
        item->info = procstream_chunk_info_new (g_steal_pointer (&item->bytes), &place, pull->output);
      break;
    case PROCSTREAM_READ_TEXT:
      item->result = procstream_pull_line (pull, self->core, &item->text, NULL);
      break;
    case PROCSTREAM_READ_LINE:
      item->result = procstream_pull_line (pull, self->core, NULL, &item->line);
      break;
    case PROCSTREAM_READ_EXACTLY:
      item->result = procstream_pull_exactly (pull, self->core, wanted->size, &item->bytes);
      break;
    case PROCSTREAM_READ_UNTIL:
      item->result = procstream_pull_until (pull, self->core, wanted->terminator, wanted->size, &item->bytes);
      break;
    case PROCSTREAM_READ_NOTHING:
      item->result = procstream_pull_look (pull, self->core);
      break;
    default:
      g_assert_not_reached ();
    }
  return item->result != PROCSTREAM_PULL_EMPTY;
}

/* Why there is no item; NULL: because the output has ended. */
static GError *
make_error (Reading                  *self,
            const ProcstreamRead     *wanted,
            const ProcstreamReadItem *item)
{
  switch (item->result)
    {
    case PROCSTREAM_PULL_END:
      return wanted->kind == PROCSTREAM_READ_NOTHING ? NULL : procstream_consumer_core_dup_error (self->core);
    case PROCSTREAM_PULL_TOO_LONG:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                          "The terminator is not among the next %" G_GSIZE_FORMAT " bytes of “%s”, which are still to be read",
                          wanted->size, self->pull.output);
    case PROCSTREAM_PULL_MERGED:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                          "“%s” is two streams in one: read it by chunk or by line", self->pull.output);
    default:
      return NULL;
    }
}

static void
return_item (GTask              *task,
             ProcstreamReadItem *item,
             GError             *error)
{
  if (item->text)
    procstream_task_return_pointer (task, item->text, g_free);
  else if (item->info)
    procstream_task_return_pointer (task, item->info, g_object_unref);
  else if (item->line)
    procstream_task_return_pointer (task, item->line, g_object_unref);
  else if (item->bytes)
    procstream_task_return_pointer (task, item->bytes, (GDestroyNotify) g_bytes_unref);
  else if (error)
    procstream_task_return_error (task, error);
  else
    procstream_task_return_pointer (task, NULL, NULL);
}

static GTask *
steal_request_locked (Reading *self)
{
  g_clear_pointer (&self->wanted.terminator, g_bytes_unref);
  g_clear_pointer (&self->cancel_source, procstream_cancel_source_end);
  return g_steal_pointer (&self->request);
}

static void
try_request (Reading *self)
{
  GTask             *task = NULL;
  GError            *error = NULL;
  ProcstreamReadItem item = { 0 };
  gboolean           cancelled = FALSE;

  g_mutex_lock (&self->mutex);
  if (self->request)
    {
      cancelled = g_cancellable_is_cancelled (g_task_get_cancellable (self->request));
      if (cancelled)
        error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The read was cancelled");
      else if (read_locked (self, &self->wanted, &item))
        error = make_error (self, &self->wanted, &item);
      if (cancelled || item.result != PROCSTREAM_PULL_EMPTY)
        task = steal_request_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  if (task == NULL)
    return;
  return_item (task, &item, error);
}

static gboolean
dispatch (gpointer          data,
          ProcstreamBudget *budget)
{
  try_request (data);
  return FALSE;
}

/* The item that is posted for a request in @context. It is kept from one to the next, since they nearly always come from the
 * same context. Only for a read that has begun: that of a request which waits is not to be taken away. Returns the one before, to be
 * freed without a lock, or NULL. */
static ProcstreamDispatchItem *
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
  return old;
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
begin_locked (Reading              *self,
              const ProcstreamRead *wanted,
              GError              **error)
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
  if (wanted->kind == PROCSTREAM_READ_UNTIL)
    procstream_pull_begin_until (&self->pull);
  return TRUE;
}

void
procstream_reader_read_async (ProcstreamReader     *self,
                              const ProcstreamRead *wanted,
                              gpointer              source_tag,
                              GCancellable         *cancellable,
                              GAsyncReadyCallback   callback,
                              gpointer              user_data)
{
  Reading                *reading = self->reading;
  GTask                  *task = g_task_new (self, cancellable, callback, user_data);
  ProcstreamDispatchItem *old = NULL;
  GError                 *error = NULL;

  g_task_set_source_tag (task, source_tag);
  /* What was taken is returned, even if it is cancelled before that travelled to the callback: else it would be lost. */
  g_task_set_check_cancellable (task, FALSE);
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
  g_mutex_lock (&reading->mutex);
  if (begin_locked (reading, wanted, &error))
    {
      old = use_item_for (reading, g_task_get_context (task));
      reading->request = g_object_ref (task);
      reading->wanted = *wanted;
      if (wanted->terminator)
        g_bytes_ref (wanted->terminator);
      watch_cancellable_locked (reading, task);
    }
  g_mutex_unlock (&reading->mutex);
  g_clear_pointer (&old, procstream_dispatch_item_free);
  if (error)
    g_task_return_error (task, error);
  else
    try_request (reading);
  g_object_unref (task);
}

/* --- Blocking ----------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Reading              *reading;
  const ProcstreamRead *wanted;
  ProcstreamReadItem   *item;
  gboolean              done;
} BlockingRead;

/* Once it is TRUE it reads no more. */
static gboolean
is_read (gpointer data)
{
  BlockingRead *read = data;

  if (read->done)
    return TRUE;
  g_mutex_lock (&read->reading->mutex);
  read->done = read_locked (read->reading, read->wanted, read->item);
  g_mutex_unlock (&read->reading->mutex);
  return read->done;
}

static void
wait_elsewhere (gpointer      data,
                gint64        deadline,
                GCancellable *cancellable)
{
  BlockingRead *read = data;

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
        return;
    }
}

static gboolean
wait_at_home (BlockingRead *read,
              GMainContext *context,
              gint64        deadline,
              GCancellable *cancellable)
{
  ProcstreamDispatchItem *old = use_item_for (read->reading, context);

  g_clear_pointer (&old, procstream_dispatch_item_free);
  return procstream_dispatcher_wait (context, is_read, wait_elsewhere, read, deadline, cancellable);
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
  if (procstream_consumer_get_owner_thread (consumer) == g_thread_self ())
    {
      done = wait_at_home (read, context, deadline, cancellable);
    }
  else
    {
      wait_elsewhere (read, deadline, cancellable);
      done = is_read (read);
    }
  if (!done && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "Timed out after %" G_GINT64_FORMAT " ms waiting for something to read from “%s”", timeout_ms,
                 procstream_consumer_get_label (consumer));
  return done;
}

gboolean
procstream_reader_read (ProcstreamReader     *self,
                        const ProcstreamRead *wanted,
                        gint64                timeout_ms,
                        GCancellable         *cancellable,
                        ProcstreamReadItem   *item,
                        GError              **error)
{
  Reading     *reading = self->reading;
  BlockingRead read = { reading, wanted, item, FALSE };
  GError      *item_error = NULL;
  gboolean     done;

  *item = (ProcstreamReadItem){ 0 };
  if (!procstream_platform_check_forked ("read", error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  g_mutex_lock (&reading->mutex);
  done = begin_locked (reading, wanted, error);
  reading->busy |= done;
  g_mutex_unlock (&reading->mutex);
  if (!done)
    return FALSE;

  done = read_blocking (self, &read, timeout_ms, cancellable, error);
  g_mutex_lock (&reading->mutex);
  reading->busy = FALSE;
  if (done)
    item_error = make_error (reading, wanted, item);
  g_mutex_unlock (&reading->mutex);
  if (item_error)
    g_propagate_error (error, item_error);
  return done && item_error == NULL;
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

/* Nobody reads any more, so what waits in a context that nobody may iterate goes, too. */
static void
procstream_reader_dispose (GObject *object)
{
  Reading                *reading = PROCSTREAM_READER (object)->reading;
  ProcstreamDispatchItem *item;

  if (!procstream_platform_forked ())
    {
      g_mutex_lock (&reading->item_mutex);
      item = g_steal_pointer (&reading->item);
      g_clear_pointer (&reading->item_context, g_main_context_unref);
      g_mutex_unlock (&reading->item_mutex);
      g_clear_pointer (&item, procstream_dispatch_item_free);
    }
  G_OBJECT_CLASS (procstream_reader_parent_class)->dispose (object);
}

static void
procstream_reader_class_init (ProcstreamReaderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = procstream_reader_dispose;
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
