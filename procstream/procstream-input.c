/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-input.h"

#include "procstream-input-private.h"
#include "procstream-cancel-source-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-platform-private.h"
#include "procstream-poll-set-private.h"
#include "procstream-pty-private.h"
#include "procstream-task-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/**
 * ProcstreamInput:
 *
 * The standard input of a child that was given a pipe.
 *
 * What is written is queued and goes to the child as fast as it reads, without
 * ever blocking the caller or its main loop, and a child that is gone is an
 * error value, never a `SIGPIPE`. The queue has no limit of its own: wait for
 * one write before making the next to bound it.
 *
 * What is written before the child is started is kept until it runs. When
 * the child exits its input is closed, and what is still queued fails.
 *
 * A child that reads until the end of its input runs until
 * [method@Procstream.Input.close]. Since a running child keeps itself and its input
 * alive, dropping references does not close it.
 *
 * The methods may be called from any thread.
 *
 * Since: 1.0
 */

/*
 * Every write(2) happens in the I/O thread, where SIGPIPE is blocked, on a non-blocking description that is ours alone (the two
 * ends of a pipe are separate descriptions, so the child's end stays as it expects it).
 *
 * mutex protects the queue and the state; it is let go for no write, since a non-blocking write takes no longer than a copy, and so a
 * failing or closing thread never closes a descriptor that is being written. Whenever mutex is free:
 *
 *  - the watch exists exactly while fd is open, and is armed exactly while the queue is not empty;
 *  - failed, once set, never changes, and then the queue is empty and fd closed;
 *  - closing and an empty queue mean that fd is closed, or was never opened.
 *
 * Tasks are completed without the lock, through a list that the one who took them off the queue owns.
 *
 * A write that is cancelled is taken off the queue if not one byte of it was written. Of one that was begun, the rest is written
 * all the same: a message that is torn in the middle would be of no use to any child.
 */
typedef struct
{
  guint64              id;
  GTask               *task; /* NULL: cancelled, but begun */
  GBytes              *bytes;
  gsize                offset;
  GSource             *cancel_source;
  ProcstreamInputCore *core;
} Write;

struct _ProcstreamInputCore
{
  gatomicrefcount    ref_count;
  char              *name;
  ProcstreamPollSet *poll_set;

  GMutex          mutex;
  GQueue          queue; /* of Write */
  guint64         last_id;
  int             fd;
  ProcstreamWatch watch;
  gboolean        closing;
  gboolean        terminal;
  gboolean        has_end; /* of what is typed there, which is typed too */
  char            last;    /* byte that was written, 0: none */
  GError         *failed;
};

/* How much one callback writes before other descriptors have their turn: what an enlarged pipe can hold. */
#define BYTES_PER_DISPATCH (256 * 1024)

struct _ProcstreamInput
{
  GObject parent_instance;

  ProcstreamInputCore *core;
};

/* Languages can construct one without a child: there is nothing in it. */
#define IS_MADE_BY_CHILD(self) (PROCSTREAM_IS_INPUT (self) && (self)->core != NULL)

G_DEFINE_FINAL_TYPE (ProcstreamInput, procstream_input, G_TYPE_OBJECT)

/* --- The inner record --------------------------------------------------------------------------------------------------------- */

ProcstreamInputCore *
procstream_input_core_new (const char *name)
{
  ProcstreamInputCore *self = g_new0 (ProcstreamInputCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_queue_init (&self->queue);
  self->name = g_strdup (name);
  self->fd = -1;
  return self;
}

ProcstreamInputCore *
procstream_input_core_ref (ProcstreamInputCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_input_core_unref (ProcstreamInputCore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->fd < 0 && g_queue_is_empty (&self->queue));
  g_clear_pointer (&self->poll_set, procstream_poll_set_unref);
  g_clear_error (&self->failed);
  g_mutex_clear (&self->mutex);
  g_free (self->name);
  g_free (self);
}

static gpointer
core_ref_cb (gpointer data)
{
  return procstream_input_core_ref (data);
}

static void
core_unref_cb (gpointer data)
{
  procstream_input_core_unref (data);
}

/* Takes the write, which is off the queue; @error NULL: everything was written. */
static void
write_finish (Write        *self,
              const GError *error)
{
  ProcstreamInputCore *core = self->core;

  g_clear_pointer (&self->cancel_source, procstream_cancel_source_end);
  g_bytes_unref (self->bytes);
  if (self->task && error)
    procstream_task_return_error (self->task, g_error_copy (error));
  else if (self->task)
    procstream_task_return_boolean (self->task, TRUE);
  g_free (self);
  procstream_input_core_unref (core);
}

static void
finish_all (GQueue       *writes,
            const GError *error)
{
  Write *write;

  while ((write = g_queue_pop_head (writes)))
    write_finish (write, error);
}

static void
close_locked (ProcstreamInputCore *self)
{
  if (self->fd < 0)
    return;
  procstream_poll_set_remove (self->poll_set, self->watch);
  self->watch = 0;
  close (g_steal_fd (&self->fd));
}

/* The queue moves to @writes, which the caller fails with @error once the lock is free. */
static void
fail_locked (ProcstreamInputCore *self,
             const GError        *error,
             GQueue              *writes)
{
  self->failed = g_error_copy (error);
  close_locked (self);
  *writes = self->queue;
  g_queue_init (&self->queue);
}

void
procstream_input_core_fail (ProcstreamInputCore *self,
                            const GError        *error)
{
  GQueue writes = G_QUEUE_INIT;

  g_mutex_lock (&self->mutex);
  if (self->failed == NULL)
    fail_locked (self, error, &writes);
  g_mutex_unlock (&self->mutex);
  finish_all (&writes, error);
}

static GError *
new_write_error (ProcstreamInputCore *self,
                 int                  errsv)
{
  /* A terminal that nobody has open any more. */
  if (self->terminal && errsv == EIO)
    errsv = EPIPE;
  return g_error_new (G_IO_ERROR, g_io_error_from_errno (errsv), "Could not write to “%s”: %s", self->name, g_strerror (errsv));
}

typedef enum
{
  WROTE_ALL,
  WROTE_SOME,
  WROTE_NOTHING,
} Wrote;

static Wrote
write_once_locked (ProcstreamInputCore *self,
                   Write               *write_,
                   gsize               *total,
                   int                 *errsv)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (write_->bytes, &size);
  gssize        n = 0;

  if (write_->offset < size)
    {
      do
        n = write (self->fd, data + write_->offset, MIN (size - write_->offset, BYTES_PER_DISPATCH));
      while (n < 0 && errno == EINTR);
    }
  if (n < 0)
    {
      *errsv = errno == EAGAIN ? 0 : errno;
      return WROTE_NOTHING;
    }
  write_->offset += n;
  if (n > 0)
    self->last = (char) data[write_->offset - 1];
  *total += n;
  return write_->offset == size ? WROTE_ALL : WROTE_SOME;
}

static int
write_queue_locked (ProcstreamInputCore *self,
                    GQueue              *done)
{
  gsize total = 0;
  int   errsv = 0;

  while (self->fd >= 0 && !g_queue_is_empty (&self->queue) && total < BYTES_PER_DISPATCH)
    {
      Wrote wrote = write_once_locked (self, g_queue_peek_head (&self->queue), &total, &errsv);

      if (wrote == WROTE_NOTHING)
        break;
      if (wrote == WROTE_ALL)
        g_queue_push_tail (done, g_queue_pop_head (&self->queue));
    }
  return errsv;
}

static void
settle_locked (ProcstreamInputCore *self)
{
  if (!g_queue_is_empty (&self->queue) || self->fd < 0)
    return;
  if (self->closing)
    close_locked (self);
  else
    procstream_poll_set_disarm (self->poll_set, self->watch);
}

static void
ready_cb (gpointer     data,
          GIOCondition condition)
{
  ProcstreamInputCore *self = data;
  GQueue               done = G_QUEUE_INIT;
  GQueue               failed = G_QUEUE_INIT;
  g_autoptr (GError) error = NULL;
  int errsv;

  g_mutex_lock (&self->mutex);
  errsv = write_queue_locked (self, &done);
  if (errsv != 0)
    {
      error = new_write_error (self, errsv);
      fail_locked (self, error, &failed);
    }
  settle_locked (self);
  g_mutex_unlock (&self->mutex);
  finish_all (&done, NULL);
  finish_all (&failed, error);
}

static void
watch_locked (ProcstreamInputCore *self,
              int                  fd,
              GQueue              *failed)
{
  g_autoptr (GError) error = NULL;
  int errsv;

  fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK);
  self->poll_set = procstream_poll_set_get (procstream_io_thread_get_context ());
  self->fd = fd;
  self->watch = procstream_poll_set_add (self->poll_set, fd, G_IO_OUT | G_IO_ERR, ready_cb, self, core_ref_cb, core_unref_cb);
  errsv = errno;
  if (self->watch == 0)
    {
      error = g_error_new (G_IO_ERROR, g_io_error_from_errno (errsv), "Could not watch “%s” for when it can be written to: %s",
                           self->name, g_strerror (errsv));
      fail_locked (self, error, failed);
    }
  else if (!g_queue_is_empty (&self->queue))
    {
      procstream_poll_set_arm (self->poll_set, self->watch);
    }
}

void
procstream_input_core_open (ProcstreamInputCore *self,
                            int                  fd)
{
  GQueue failed = G_QUEUE_INIT;

  g_mutex_lock (&self->mutex);
  if (self->failed || (self->closing && g_queue_is_empty (&self->queue)))
    close (fd);
  else
    watch_locked (self, fd, &failed);
  g_mutex_unlock (&self->mutex);
  finish_all (&failed, self->failed);
}

void
procstream_input_core_set_terminal (ProcstreamInputCore *self,
                                    gboolean             has_end)
{
  self->terminal = TRUE;
  self->has_end = has_end;
}

static char
last_byte_locked (ProcstreamInputCore *self)
{
  for (GList *l = self->queue.tail; l; l = l->prev)
    {
      gsize       size;
      const char *data = g_bytes_get_data (((Write *) l->data)->bytes, &size);

      if (size > 0)
        return data[size - 1];
    }
  return self->last;
}

/* Who reads from a terminal never sees that one of its descriptors was closed: the end has to be typed. */
static void
type_end_locked (ProcstreamInputCore *self)
{
  char   last = last_byte_locked (self);
  char   bytes[2];
  guint  n = procstream_pty_end_of_input (self->fd, last == '\0' || last == '\n', bytes);
  Write *write = g_new0 (Write, 1);

  write->core = procstream_input_core_ref (self);
  write->bytes = g_bytes_new (bytes, n);
  g_queue_push_tail (&self->queue, write);
  if (self->fd >= 0)
    procstream_poll_set_arm (self->poll_set, self->watch);
}

void
procstream_input_core_close (ProcstreamInputCore *self)
{
  g_mutex_lock (&self->mutex);
  if (!self->closing && !self->failed && self->has_end)
    type_end_locked (self);
  self->closing = TRUE;
  settle_locked (self);
  g_mutex_unlock (&self->mutex);
}

/* What the source for a cancellable knows: no task, whose last reference must not be dropped in the I/O thread. */
typedef struct
{
  ProcstreamInputCore *core;
  guint64              id;
} Cancellation;

static void
cancellation_free (gpointer data)
{
  Cancellation *self = data;

  procstream_input_core_unref (self->core);
  g_free (self);
}

/* The task of the write, and the write itself if it can be taken back. */
static GTask *
stop_write_locked (ProcstreamInputCore *self,
                   guint64              id,
                   Write              **removed)
{
  for (GList *l = self->queue.head; l; l = l->next)
    {
      Write *write = l->data;

      if (write->id != id)
        continue;
      if (write->offset == 0)
        {
          *removed = write;
          g_queue_delete_link (&self->queue, l);
        }
      return g_steal_pointer (&write->task);
    }
  return NULL;
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  Cancellation        *cancellation = user_data;
  ProcstreamInputCore *self = cancellation->core;
  Write               *removed = NULL;
  GTask               *task;

  g_mutex_lock (&self->mutex);
  task = stop_write_locked (self, cancellation->id, &removed);
  settle_locked (self);
  g_mutex_unlock (&self->mutex);
  if (removed)
    write_finish (removed, NULL);
  if (task)
    procstream_task_return_error (task, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Writing to “%s” was cancelled", self->name));
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable_locked (Write *self)
{
  GCancellable *cancellable = self->task ? g_task_get_cancellable (self->task) : NULL;
  Cancellation *cancellation;

  if (cancellable == NULL)
    return;
  cancellation = g_new (Cancellation, 1);
  cancellation->core = procstream_input_core_ref (self->core);
  cancellation->id = self->id;
  self->cancel_source = procstream_cancel_source_new (cancellable, procstream_io_thread_get_context (),
                                                      cancelled_cb, cancellation, cancellation_free);
}

static GError *
enqueue (ProcstreamInputCore *self,
         Write               *write)
{
  GError *error = NULL;

  g_mutex_lock (&self->mutex);
  if (self->failed)
    {
      error = g_error_copy (self->failed);
    }
  else if (self->closing)
    {
      error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "The input of “%s” was closed", self->name);
    }
  else
    {
      g_queue_push_tail (&self->queue, write);
      write->id = ++self->last_id;
      watch_cancellable_locked (write);
      if (self->fd >= 0)
        procstream_poll_set_arm (self->poll_set, self->watch);
    }
  g_mutex_unlock (&self->mutex);
  return error;
}

gboolean
procstream_input_core_write (ProcstreamInputCore *self,
                             GBytes              *bytes)
{
  Write *write = g_new0 (Write, 1);
  g_autoptr (GError) error = NULL;

  write->bytes = g_bytes_ref (bytes);
  write->core = procstream_input_core_ref (self);
  error = enqueue (self, write);
  if (error)
    write_finish (write, error);
  return error == NULL; /* NOLINT(clang-analyzer-unix.Malloc): else the queue has the write */
}

/* --- The outer object --------------------------------------------------------------------------------------------------------- */

ProcstreamInput *
procstream_input_new_for_core (ProcstreamInputCore *core)
{
  ProcstreamInput *self = g_object_new (PROCSTREAM_TYPE_INPUT, NULL);

  self->core = procstream_input_core_ref (core);
  return self;
}

static void
procstream_input_finalize (GObject *object)
{
  ProcstreamInput *self = PROCSTREAM_INPUT (object);

  if (self->core)
    procstream_input_core_close (self->core);
  g_clear_pointer (&self->core, procstream_input_core_unref);
  G_OBJECT_CLASS (procstream_input_parent_class)->finalize (object);
}

static void
procstream_input_class_init (ProcstreamInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = procstream_input_finalize;
}

static void
procstream_input_init (ProcstreamInput *self)
{
}

/**
 * procstream_input_write_async:
 * @self: an input
 * @bytes: what to write; it is not copied
 * @cancellable: (nullable): stops the write
 * @callback: (nullable): called when everything was written
 * @user_data: data for @callback
 *
 * Queues bytes for the child. Writes are made in the order of the calls; each
 * is over when the last of its bytes is in the pipe.
 *
 * A write that is cancelled before its first byte went out is not made. Of one
 * that was begun, the rest is still written, so that the child never sees a
 * torn message, but nobody waits for it.
 *
 * Since: 1.0
 */
void
procstream_input_write_async (ProcstreamInput    *self,
                              GBytes             *bytes,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Write  *write;
  GError *error = NULL;

  g_return_if_fail (IS_MADE_BY_CHILD (self));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_input_write_async);
  /* Whether a write was made is told by what happened to its bytes, not by what became of the cancellable since. */
  g_task_set_check_cancellable (task, FALSE);
  if (!procstream_platform_check_forked ("write to a child", &error) || g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  write = g_new0 (Write, 1);
  write->core = procstream_input_core_ref (self->core);
  write->bytes = g_bytes_ref (bytes);
  /* Bytes may have a free function of the program: the task lets go of them last, in its own context. */
  g_task_set_task_data (task, g_bytes_ref (bytes), (GDestroyNotify) g_bytes_unref);
  write->task = g_steal_pointer (&task);
  error = enqueue (self->core, write);
  if (error)
    write_finish (write, error);
  g_clear_error (&error); /* NOLINT(clang-analyzer-unix.Malloc): the queue has the write */
}

/**
 * procstream_input_write_finish:
 * @self: an input
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Input.write_async].
 *
 * Returns: %TRUE when everything was written, or %FALSE with
 *   %G_IO_ERROR_BROKEN_PIPE when the child is gone or has closed its input,
 *   %G_IO_ERROR_CLOSED when the input was closed before, %G_IO_ERROR_CANCELLED,
 *   the error of a start that failed, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_input_write_finish (ProcstreamInput *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  g_return_val_if_fail (IS_MADE_BY_CHILD (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_input_write_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * procstream_input_close:
 * @self: an input
 *
 * Closes the input once everything that was queued is written: the child then
 * reads end of file. Nothing more can be queued. Closing twice does nothing.
 *
 * Since: 1.0
 */
void
procstream_input_close (ProcstreamInput *self)
{
  g_return_if_fail (IS_MADE_BY_CHILD (self));

  if (!procstream_platform_forked ())
    procstream_input_core_close (self->core);
}
