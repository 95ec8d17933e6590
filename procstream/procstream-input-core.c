/* SPDX-License-Identifier: LGPL-2.1-or-later */

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

/*
 * Every write(2) happens in the I/O thread, where SIGPIPE is blocked, on a non-blocking description that is ours alone (the two
 * ends of a pipe are separate descriptions, so the child's end stays as it expects it).
 *
 * mutex protects the queue and the state; it is let go for no write, since a non-blocking write takes no longer than a copy, and so a
 * failing or closing thread never closes a descriptor that is being written. Whenever mutex is free:
 *
 *  - the watch exists exactly while fd is open, and is armed exactly while the queue is not empty;
 *  - failed, once set, never changes, and then the queue is empty and fd closed; it is not set any more once it was closed and everything was
 *    written, so that who writes after that learns what was done, and not what became of the child;
 *  - closing and an empty queue mean that fd is closed, or was never opened;
 *  - queued is the number of bytes in the queue that were not written yet; written never falls.
 *
 * The bell is rung, without the lock, after either has changed: the outer object tells of it in its own context, once for all that
 * happened since.
 *
 * Where a feeder writes, nobody else does. Its function is called, without the lock, when there is room and when no more can be
 * written: after each write that leaves no more than FEED_BYTES, and after the end. It may be called for nothing.
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
  gboolean             is_end; /* of what is typed; bytes are made when all before it was written */
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
  int             last;    /* byte that was written, -1: none */
  GError         *failed;
  guint64         queued;
  guint64         n_changes; /* of that */
  guint64         written;
  guint64         max_queued;
  GError         *feed_error; /* of the one who feeds it; set once */

  ProcstreamBell *bell; /* NULL: there is no outer object; constant once that is made */

  gboolean fed;                   /* somebody else than the program writes; constant from before the start on */
  void (*feeder) (gpointer data); /* NULL: not yet; set once */
  gpointer       feeder_data;
  GDestroyNotify feeder_destroy;
};

/* How much a feeder may have in the queue: more than any pipe takes at once. */
#define FEED_BYTES (256 * 1024)

/* How much one callback writes before other descriptors have their turn: what an enlarged pipe can hold. */
#define BYTES_PER_DISPATCH (256 * 1024)

ProcstreamInputCore *
procstream_input_core_new (const char *name)
{
  ProcstreamInputCore *self = g_new0 (ProcstreamInputCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_queue_init (&self->queue);
  self->name = g_strdup (name);
  self->max_queued = PROCSTREAM_DEFAULT_MAX_QUEUED_BYTES;
  self->fd = -1;
  self->last = -1;
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
  g_clear_error (&self->feed_error);
  g_clear_pointer (&self->bell, procstream_bell_unref);
  if (self->feeder_destroy)
    self->feeder_destroy (self->feeder_data);
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

/* After something has changed. Without the lock. */
static void
tell (ProcstreamInputCore *self)
{
  void (*feeder) (gpointer data);

  if (self->bell)
    procstream_bell_ring (self->bell);
  g_mutex_lock (&self->mutex);
  feeder = self->feeder;
  g_mutex_unlock (&self->mutex);
  if (feeder)
    feeder (self->feeder_data);
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

/* Whoever was refused waits for a change, so one counts even if it was taken back before it could be told. */
static void
set_queued_locked (ProcstreamInputCore *self,
                   guint64              queued)
{
  self->n_changes += queued != self->queued;
  self->queued = queued;
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
  set_queued_locked (self, 0);
}

void
procstream_input_core_fail (ProcstreamInputCore *self,
                            const GError        *error)
{
  GQueue writes = G_QUEUE_INIT;

  g_mutex_lock (&self->mutex);
  if (self->failed == NULL && !(self->closing && g_queue_is_empty (&self->queue)))
    fail_locked (self, error, &writes);
  g_mutex_unlock (&self->mutex);
  finish_all (&writes, error);
  tell (self);
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

/* What was written last says how the end is typed, and what the terminal says now, by what. */
static void
make_end_locked (ProcstreamInputCore *self,
                 Write               *write)
{
  char  bytes[2];
  guint n = procstream_pty_end_of_input (self->fd, self->last < 0 || self->last == '\n', bytes);

  g_bytes_unref (write->bytes);
  write->bytes = g_bytes_new (bytes, n);
  write->is_end = FALSE;
  set_queued_locked (self, self->queued + n);
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
  const guint8 *data;
  gssize        n = 0;

  if (write_->is_end)
    make_end_locked (self, write_);
  data = g_bytes_get_data (write_->bytes, &size);
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
  set_queued_locked (self, self->queued - n);
  self->written += n;
  if (n > 0)
    self->last = data[write_->offset - 1];
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
  tell (self);
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

  if (fd < 0)
    return;
  g_mutex_lock (&self->mutex);
  if (self->failed || (self->closing && g_queue_is_empty (&self->queue)))
    close (fd);
  else
    watch_locked (self, fd, &failed);
  g_mutex_unlock (&self->mutex);
  finish_all (&failed, self->failed);
  tell (self);
}

void
procstream_input_core_set_terminal (ProcstreamInputCore *self,
                                    gboolean             has_end)
{
  self->terminal = TRUE;
  self->has_end = has_end;
}

static void
push_locked (ProcstreamInputCore *self,
             Write               *write)
{
  g_queue_push_tail (&self->queue, write);
  set_queued_locked (self, self->queued + g_bytes_get_size (write->bytes));
}

/* Who reads from a terminal never sees that one of its descriptors was closed: the end has to be typed, after what there will have been by
 * then: a write before it may be cancelled. */
static void
type_end_locked (ProcstreamInputCore *self)
{
  Write *write = g_new0 (Write, 1);

  write->core = procstream_input_core_ref (self);
  write->bytes = g_bytes_new (NULL, 0);
  write->is_end = TRUE;
  push_locked (self, write);
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
  tell (self);
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
          set_queued_locked (self, self->queued - g_bytes_get_size (write->bytes));
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
  tell (self);
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

/* Whether @write may be queued by somebody who does not wait. What is more than the limit goes in when nothing else is there. */
static gboolean
fits_locked (ProcstreamInputCore *self,
             Write               *write)
{
  gsize size = g_bytes_get_size (write->bytes);

  return self->queued == 0 || (size <= self->max_queued && self->queued <= self->max_queued - size);
}

static GError *
find_refusal_locked (ProcstreamInputCore *self,
                     Write               *write,
                     ProcstreamInputRole  role)
{
  if (self->failed)
    return g_error_copy (self->failed);
  if (self->fed && role != PROCSTREAM_INPUT_ROLE_FEEDER)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "The input of “%s” comes from elsewhere, and cannot be written to", self->name);
  if (self->closing)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "The input of “%s” was closed", self->name);
  if (role == PROCSTREAM_INPUT_ROLE_IN_NO_TIME && !fits_locked (self, write))
    return g_error_new (G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                        "%" G_GUINT64_FORMAT " bytes for “%s” wait to be written, and there is no room for %" G_GSIZE_FORMAT " more",
                        self->queued, self->name, g_bytes_get_size (write->bytes));
  return NULL;
}

/* Takes @write and, when it is refused, finishes it. */
static GError *
enqueue (ProcstreamInputCore *self,
         Write               *write,
         ProcstreamInputRole  role)
{
  GError *error;

  g_mutex_lock (&self->mutex);
  error = find_refusal_locked (self, write, role);
  if (error == NULL)
    {
      push_locked (self, write);
      write->id = ++self->last_id;
      watch_cancellable_locked (write);
      if (self->fd >= 0)
        procstream_poll_set_arm (self->poll_set, self->watch);
    }
  g_mutex_unlock (&self->mutex);
  if (error)
    write_finish (write, error);
  else if (self->bell)
    procstream_bell_ring (self->bell);
  return error;
}

static Write *
write_new (ProcstreamInputCore *self,
           GBytes              *bytes)
{
  Write *write = g_new0 (Write, 1);

  write->core = procstream_input_core_ref (self);
  write->bytes = g_bytes_ref (bytes);
  return write;
}

gboolean
procstream_input_core_write (ProcstreamInputCore *self,
                             GBytes              *bytes,
                             ProcstreamInputRole  role,
                             GError             **error)
{
  GError *refusal = enqueue (self, write_new (self, bytes), role);

  if (refusal == NULL)
    return TRUE;
  g_propagate_error (error, refusal);
  return FALSE;
}

void
procstream_input_core_write_task (ProcstreamInputCore *self,
                                  GBytes              *bytes,
                                  GTask               *task)
{
  Write  *write = write_new (self, bytes);
  GError *error;

  write->task = task;
  /* The task has it. */
  error = enqueue (self, write, PROCSTREAM_INPUT_ROLE_WAITS);
  g_clear_error (&error);
}

/* --- What is known of it ------------------------------------------------------------------------------------------------------ */

void
procstream_input_core_take_bell (ProcstreamInputCore *self,
                                 ProcstreamBell      *bell)
{
  self->bell = bell;
}

void
procstream_input_core_get_counts (ProcstreamInputCore   *self,
                                  ProcstreamInputCounts *counts)
{
  procstream_platform_lock_to_read (&self->mutex);
  *counts = (ProcstreamInputCounts){ self->queued, self->n_changes, self->written, self->max_queued, self->feed_error != NULL };
  procstream_platform_unlock_to_read (&self->mutex);
}

void
procstream_input_core_set_max_queued (ProcstreamInputCore *self,
                                      guint64              max_queued)
{
  g_mutex_lock (&self->mutex);
  self->max_queued = max_queued;
  g_mutex_unlock (&self->mutex);
  if (self->bell)
    procstream_bell_ring (self->bell);
}

/* --- Feeding ------------------------------------------------------------------------------------------------------------------ */

void
procstream_input_core_set_fed (ProcstreamInputCore *self)
{
  self->fed = TRUE;
}

gboolean
procstream_input_core_is_fed (ProcstreamInputCore *self)
{
  return self->fed;
}

void
procstream_input_core_set_feeder (ProcstreamInputCore *self,
                                  void (*feeder) (gpointer data),
                                  gpointer       data,
                                  GDestroyNotify destroy)
{
  g_mutex_lock (&self->mutex);
  self->feeder_data = data;
  self->feeder_destroy = destroy;
  self->feeder = feeder;
  g_mutex_unlock (&self->mutex);
}

ProcstreamInputRoom
procstream_input_core_get_room (ProcstreamInputCore *self)
{
  ProcstreamInputRoom room;

  g_mutex_lock (&self->mutex);
  if (self->failed || self->closing)
    room = PROCSTREAM_INPUT_ROOM_NEVER;
  else
    room = self->queued < FEED_BYTES ? PROCSTREAM_INPUT_ROOM_NOW : PROCSTREAM_INPUT_ROOM_LATER;
  g_mutex_unlock (&self->mutex);
  return room;
}

void
procstream_input_core_end_feed (ProcstreamInputCore *self,
                                const GError        *error)
{
  g_mutex_lock (&self->mutex);
  if (error && self->feed_error == NULL)
    self->feed_error = g_error_copy (error);
  g_mutex_unlock (&self->mutex);
  procstream_input_core_close (self);
}

GError *
procstream_input_core_dup_feed_error (ProcstreamInputCore *self)
{
  GError *error = NULL;

  procstream_platform_lock_to_read (&self->mutex);
  if (self->feed_error)
    error = g_error_copy (self->feed_error);
  procstream_platform_unlock_to_read (&self->mutex);
  return error;
}
