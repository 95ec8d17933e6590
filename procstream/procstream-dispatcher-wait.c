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
 * Blocking calls in a thread that may own the context. As long as nobody's code needs the context itself, one does not iterate it: it
 * sleeps until an item of the dispatcher or a descriptor of the poll set is ready, or it is woken through wake_fd, and hands out
 * that alone.
 *
 * While it sleeps it does not own the context. A worker without a context of its own blocks in that of the main thread, and the main
 * loop must be able to begin meanwhile. When somebody else owns the context after the sleep, it is lost: what became ready wakes the new
 * owner, and the caller only waits, and tries again now and then, for that owner may stop iterating and nobody tells of it. Only one
 * thread sleeps for a context; another that comes to own it then has lost it, too.
 */
typedef struct
{
  Dispatcher   *dispatcher;
  GCancellable *cancellable;
  gint64        deadline_us;
  gboolean      shares; /* it may be somebody else's context in the first place */
  GSource      *timer;  /* only where the context is iterated */
} Blocking;

/* How long a context that others may want is iterated before they get a chance, which takes as long as a thread needs to wake up. */
#define SHARED_ITERATION_US 100000
#define SHARED_CHANCE_US 1000

int procstream_dispatcher_losses;

/* How long it is left to others before it is tried again: a main loop in the hand of somebody keeps it. */
#define FIRST_PAUSE_US 10000
#define LAST_PAUSE_US 500000

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
  return G_SOURCE_CONTINUE;
}

static gint64
get_iteration_end (const Blocking *self)
{
  gint64 shared = self->shares ? g_get_monotonic_time () + SHARED_ITERATION_US : -1;

  if (shared < 0 || (self->deadline_us >= 0 && self->deadline_us < shared))
    return self->deadline_us;
  return shared;
}

/* Iterates the context because other sources are needed too, or because there is no descriptor left to be woken through. FALSE: it is
 * lost. */
static gboolean
iterate (Blocking *self)
{
  GMainContext *context = self->dispatcher->context;
  gint64        end_us = get_iteration_end (self);

  if (self->timer == NULL && end_us >= 0)
    {
      self->timer = g_timeout_source_new (0);
      g_source_set_callback (self->timer, expired_cb, NULL, NULL);
      g_source_attach (self->timer, context);
    }
  if (self->timer)
    g_source_set_ready_time (self->timer, end_us);
  g_main_context_iteration (context, TRUE);
  if (!self->shares)
    return TRUE;
  g_main_context_release (context);
  g_usleep (SHARED_CHANCE_US);
  return g_main_context_acquire (context);
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

/* FALSE: another thread does. */
static gboolean
begin_polling (Dispatcher *self,
               gboolean   *ready)
{
  gboolean begun;

  g_mutex_lock (&self->mutex);
  begun = !self->polling;
  if (begun)
    {
      self->awake = FALSE;
      self->polling = TRUE;
      self->woken = FALSE;
      *ready = any_ready_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  return begun;
}

/* Who is woken is told through a descriptor, and the telling is taken when it has come: it may come late. Whoever owns a lost context
 * was not told of what became ready. */
static void
end_polling (Dispatcher *self,
             gboolean    told,
             gboolean    lost)
{
  guint64 count;

  if (told && read (self->wake_fd, &count, sizeof count) < 0)
    g_critical ("Could not take a wake-up: %s", g_strerror (errno));
  g_mutex_lock (&self->mutex);
  self->polling = FALSE;
  self->woken = FALSE;
  if (lost && any_ready_locked (self))
    g_main_context_wakeup (self->context);
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

/* Without the context, unless something is ready. FALSE: it is lost. */
static gboolean
sleep_polling (Blocking *self,
               GArray   *fds,
               gboolean  ready)
{
  GMainContext *context = self->dispatcher->context;
  gboolean      owner = TRUE;

  /* Cancelling wakes, but only from begin_polling() on. */
  ready |= g_cancellable_is_cancelled (self->cancellable);
  if (!ready)
    g_main_context_release (context);
  poll_until (fds, self->deadline_us, ready);
  if (!ready)
    owner = g_main_context_acquire (context);
  end_polling (self->dispatcher, g_array_index (fds, GPollFD, 0).revents != 0, !owner);
  return owner;
}

/* Sleeps until there may be something to do, and lets the poll set do it. FALSE: the context is lost. */
static gboolean
poll_once (Blocking *self)
{
  g_autoptr (GArray) fds = NULL;
  GPollFD            wake = { .fd = self->dispatcher->wake_fd, .events = G_IO_IN };
  ProcstreamPollSet *set;
  gboolean           ready, owner, any = FALSE;

  if (!begin_polling (self->dispatcher, &ready))
    {
      g_main_context_release (self->dispatcher->context);
      return FALSE;
    }
  /* What is armed after this wakes. */
  set = procstream_poll_set_lookup (self->dispatcher->context);
  fds = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  g_array_append_val (fds, wake);
  if (set)
    procstream_poll_set_append_fds (set, fds);
  owner = sleep_polling (self, fds, ready);
  for (guint i = 1; i < fds->len; i++)
    any |= g_array_index (fds, GPollFD, i).revents != 0;
  if (any && owner)
    procstream_poll_set_dispatch (set);
  if (set)
    procstream_poll_set_unref (set);
  return owner;
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

static ProcstreamRunEnd
run_blocking (Blocking *self,
              gboolean (*done) (gpointer),
              gpointer data)
{
  /* Even a wait of no time hands out what is ready. */
  procstream_dispatcher_run_levels (self->dispatcher);
  for (;;)
    {
      if (done (data))
        return PROCSTREAM_RUN_DONE;
      if (g_cancellable_is_cancelled (self->cancellable) || is_expired (self))
        return PROCSTREAM_RUN_STOPPED;
      if (!(must_iterate (self->dispatcher) ? iterate (self) : poll_once (self)))
        return PROCSTREAM_RUN_LOST;
      procstream_dispatcher_run_levels (self->dispatcher);
    }
}

/* The main thread, and who has a context of its own, or is in the middle of an iteration, keeps nobody from anything. */
static gboolean
is_shared (GMainContext *context)
{
  return context != g_main_context_get_thread_default () && !g_main_context_is_owner (context) && gettid () != getpid ();
}

ProcstreamRunEnd
procstream_dispatcher_run_until (GMainContext *context,
                                 gboolean (*done) (gpointer),
                                 gpointer      data,
                                 gint64        deadline_us,
                                 GCancellable *cancellable)
{
  Blocking         self = { NULL, cancellable, deadline_us, is_shared (context), NULL };
  ProcstreamRunEnd end = PROCSTREAM_RUN_DONE;
  gulong           watch;

  if (!g_main_context_acquire (context))
    {
      g_atomic_int_inc (&procstream_dispatcher_losses);
      return PROCSTREAM_RUN_LOST;
    }
  self.dispatcher = procstream_dispatcher_use (context, TRUE);
  open_wake_fd (self.dispatcher);
  watch = procstream_cancel_watch_begin (cancellable, wake_cb, procstream_dispatcher_ref_memory (self.dispatcher), unref_memory_cb);
  if (!done (data))
    end = run_blocking (&self, done, data);
  procstream_cancel_watch_end (cancellable, watch);
  if (self.timer)
    {
      g_source_destroy (self.timer);
      g_source_unref (self.timer);
    }
  if (end == PROCSTREAM_RUN_LOST)
    g_atomic_int_inc (&procstream_dispatcher_losses);
  else
    g_main_context_release (context);
  procstream_dispatcher_let_go (self.dispatcher);
  return end;
}

gboolean
procstream_dispatcher_wait (GMainContext *context,
                            gboolean (*done) (gpointer),
                            void (*sleep) (gpointer      data,
                                           gint64        deadline_us,
                                           GCancellable *cancellable),
                            gpointer      data,
                            gint64        deadline_us,
                            GCancellable *cancellable)
{
  gint64 pause_us = FIRST_PAUSE_US;

  for (;;)
    {
      gint64           begin_us = g_get_monotonic_time ();
      ProcstreamRunEnd end = procstream_dispatcher_run_until (context, done, data, deadline_us, cancellable);
      gint64           now_us = g_get_monotonic_time ();

      if (end != PROCSTREAM_RUN_LOST)
        return end == PROCSTREAM_RUN_DONE;
      pause_us = now_us - begin_us > pause_us ? FIRST_PAUSE_US : MIN (2 * pause_us, LAST_PAUSE_US);
      sleep (data, deadline_us < 0 ? now_us + pause_us : MIN (deadline_us, now_us + pause_us), cancellable);
      if (done (data))
        return TRUE;
      if (g_cancellable_is_cancelled (cancellable) || (deadline_us >= 0 && g_get_monotonic_time () >= deadline_us))
        return FALSE;
    }
}
