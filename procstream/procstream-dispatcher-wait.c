/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-dispatcher-record-private.h"

#include "procstream-cancel-watch-private.h"
#include "procstream-pipe-private.h"
#include "procstream-poll-set-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/*
 * Blocking calls in the thread that owns the context. As long as nobody's code needs the context itself, one does not iterate it: it
 * sleeps until an item of the dispatcher or a descriptor of the poll set is ready, or it is woken through wake_fd, and hands out
 * that alone.
 */
typedef struct
{
  Dispatcher   *dispatcher;
  GCancellable *cancellable;
  gint64        deadline_us;
  GSource      *timer; /* only where the context is iterated */
} Blocking;

/* When there are no descriptors left it stays closed, and the context is iterated instead. */
static void
open_wake_fd (Dispatcher *self)
{
  g_mutex_lock (&self->mutex);
  if (self->wake_fd < 0)
    self->wake_fd = procstream_fd_above_standard (eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK));
  g_mutex_unlock (&self->mutex);
}

static gboolean
is_expired (const Blocking *self)
{
  return self->deadline_us >= 0 && g_get_monotonic_time () >= self->deadline_us;
}

static gboolean
expired_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* Iterates the context because other sources are needed too, or because there is no descriptor left to be woken through. */
static void
iterate (Blocking *self)
{
  GMainContext *context = self->dispatcher->context;

  if (self->timer == NULL && self->deadline_us >= 0)
    {
      self->timer = g_timeout_source_new (0);
      g_source_set_ready_time (self->timer, self->deadline_us);
      g_source_set_callback (self->timer, expired_cb, NULL, NULL);
      g_source_attach (self->timer, context);
    }
  g_main_context_iteration (context, TRUE);
}

static gboolean
any_ready_locked (Dispatcher *self)
{
  for (guint i = 0; i < self->levels->len; i++)
    {
      if (procstream_dispatcher_is_ready_locked (g_ptr_array_index (self->levels, i)))
        return TRUE;
    }
  return self->holds > 0;
}

static void
begin_polling (Dispatcher *self,
               gboolean   *ready)
{
  g_mutex_lock (&self->mutex);
  self->awake = FALSE;
  self->polling = TRUE;
  self->woken = FALSE;
  *ready = any_ready_locked (self);
  g_mutex_unlock (&self->mutex);
}

/* Who is woken is told through a descriptor, and the telling is taken when it has come: it may come late. */
static void
end_polling (Dispatcher *self,
             gboolean    told)
{
  guint64 count;

  if (told && read (self->wake_fd, &count, sizeof count) < 0)
    g_critical ("Could not take a wake-up: %s", g_strerror (errno));
  g_mutex_lock (&self->mutex);
  self->polling = FALSE;
  self->woken = FALSE;
  g_mutex_unlock (&self->mutex);
}

static void
poll_until (GArray  *fds,
            gint64   deadline_us,
            gboolean now)
{
  gint64          left = now || deadline_us < 0 ? 0 : MAX (deadline_us - g_get_monotonic_time (), 0);
  struct timespec timeout = { left / G_USEC_PER_SEC, left % G_USEC_PER_SEC * 1000 };

  ppoll ((struct pollfd *) (gpointer) fds->data, fds->len, now || deadline_us >= 0 ? &timeout : NULL, NULL);
}

/* Sleeps until there may be something to do, and lets the poll set do it. */
static void
poll_once (Blocking *self)
{
  ProcstreamPollSet *set = procstream_poll_set_lookup (self->dispatcher->context);
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  GPollFD  wake = { .fd = self->dispatcher->wake_fd, .events = G_IO_IN };
  gboolean ready, any = FALSE;

  g_array_append_val (fds, wake);
  if (set)
    procstream_poll_set_append_fds (set, fds);
  begin_polling (self->dispatcher, &ready);
  /* Cancelling wakes, but only from begin_polling() on. */
  poll_until (fds, self->deadline_us, ready || g_cancellable_is_cancelled (self->cancellable));
  end_polling (self->dispatcher, g_array_index (fds, GPollFD, 0).revents != 0);
  for (guint i = 1; i < fds->len; i++)
    any |= g_array_index (fds, GPollFD, i).revents != 0;
  if (any)
    procstream_poll_set_dispatch (set);
  if (set)
    procstream_poll_set_unref (set);
}

static gboolean
must_iterate (Dispatcher *self)
{
  gboolean must;

  g_mutex_lock (&self->mutex);
  must = self->holds > 0 || self->wake_fd < 0;
  g_mutex_unlock (&self->mutex);
  return must;
}

static void
wake_cb (gpointer data)
{
  procstream_dispatcher_wake (data);
}

static void
unref_memory_cb (gpointer data)
{
  procstream_dispatcher_unref_memory (data);
}

static gboolean
run_blocking (Blocking *self,
              gboolean (*done) (gpointer),
              gpointer data)
{
  /* Even a wait of no time hands out what is ready. */
  procstream_dispatcher_run_levels (self->dispatcher);
  for (;;)
    {
      if (done (data))
        return TRUE;
      if (g_cancellable_is_cancelled (self->cancellable) || is_expired (self))
        return FALSE;
      if (must_iterate (self->dispatcher))
        iterate (self);
      else
        poll_once (self);
      procstream_dispatcher_run_levels (self->dispatcher);
    }
}

gboolean
procstream_dispatcher_run_until (GMainContext *context,
                                 gboolean (*done) (gpointer),
                                 gpointer      data,
                                 gint64        deadline_us,
                                 GCancellable *cancellable)
{
  Blocking self = { procstream_dispatcher_use (context, TRUE), cancellable, deadline_us, NULL };
  gulong   watch;
  gboolean result;

  open_wake_fd (self.dispatcher);
  watch = procstream_cancel_watch_begin (cancellable, wake_cb, procstream_dispatcher_ref_memory (self.dispatcher), unref_memory_cb);
  result = done (data) || run_blocking (&self, done, data);
  procstream_cancel_watch_end (cancellable, watch);
  if (self.timer)
    {
      g_source_destroy (self.timer);
      g_source_unref (self.timer);
    }
  procstream_dispatcher_let_go (self.dispatcher);
  return result;
}
