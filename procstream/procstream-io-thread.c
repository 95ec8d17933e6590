/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-io-thread-private.h"

#include "procstream-dispatcher-private.h"
#include "procstream-platform-private.h"

/*
 * The thread owns its context from its first moment on and for ever, so nobody else can acquire it and what is invoked runs in no
 * other thread. What is invoked waits in an array under mutex; the source in the context empties it. The context is woken when the
 * array stops being empty, not for what is added then; two arrays are used in turn, so that nothing is allocated per call.
 *
 * In a forked copy of the program there is no such thread, and the descriptor that wakes the context is the one of the original. So
 * nothing is invoked there, and whoever asks for the context gets one that nobody runs.
 */
typedef struct
{
  GSourceFunc    func;
  gpointer       data;
  GDestroyNotify destroy;
} Call;

static GMainContext *io_context; /* atomic; set once */
static GThread      *io_thread;  /* atomic */

static GMutex  mutex;
static GArray *calls;         /* of Call */
static GArray *running_calls; /* empty, but while it is being run; the I/O thread's */

static void
run_call (const Call *call)
{
  call->func (call->data);
  if (call->destroy)
    call->destroy (call->data);
}

static gboolean
has_calls (void)
{
  gboolean any;

  g_mutex_lock (&mutex);
  any = calls->len > 0;
  g_mutex_unlock (&mutex);
  return any;
}

static gboolean
calls_prepare (GSource *source,
               int     *timeout)
{
  *timeout = -1;
  return has_calls ();
}

static gboolean
calls_check (GSource *source)
{
  return has_calls ();
}

static gboolean
calls_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    user_data)
{
  GArray *batch;

  g_mutex_lock (&mutex);
  batch = calls;
  calls = running_calls;
  running_calls = batch;
  g_mutex_unlock (&mutex);
  for (guint i = 0; i < batch->len; i++)
    {
      run_call (&g_array_index (batch, Call, i));
      procstream_dispatcher_wake_noted ();
    }
  g_array_set_size (batch, 0);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs calls_funcs = { .prepare = calls_prepare, .check = calls_check, .dispatch = calls_dispatch };

/* Whatever was dispatched, who has something to do now is woken before this thread sleeps. */
static int
wake_and_poll (GPollFD *fds,
               guint    n_fds,
               int      timeout_ms)
{
  procstream_dispatcher_wake_noted ();
  return g_poll (fds, n_fds, timeout_ms);
}

static gpointer
io_thread_main (gpointer data)
{
  if (!g_main_context_acquire (io_context))
    g_assert_not_reached ();
  g_main_context_push_thread_default (io_context);
  g_main_context_set_poll_func (io_context, wake_and_poll);
  for (;;)
    g_main_context_iteration (io_context, TRUE);
  return NULL;
}

static void
start (void)
{
  GThread *thread;
  GSource *source = g_source_new (&calls_funcs, sizeof (GSource));

  calls = g_array_new (FALSE, FALSE, sizeof (Call));
  running_calls = g_array_new (FALSE, FALSE, sizeof (Call));
  g_atomic_pointer_set (&io_context, g_main_context_new ());
  g_source_set_static_name (source, "procstream-calls");
  /* Nobody iterates from inside a call; without this each dispatch would cost wake-ups for blocking the source. */
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, io_context);
  g_source_unref (source);
  thread = procstream_platform_start_thread ("procstream-io", io_thread_main, NULL);
  if (thread == NULL)
    g_error ("The I/O thread could not be started");
  g_atomic_pointer_set (&io_thread, thread);
}

static GMainContext *
get_forked_context (void)
{
  static GMainContext *context;

  if (g_once_init_enter (&context))
    g_once_init_leave (&context, g_main_context_new ());
  return context;
}

GMainContext *
procstream_io_thread_get_context (void)
{
  static gsize started;

  if (procstream_platform_forked ())
    return get_forked_context ();
  if (g_once_init_enter (&started))
    {
      start ();
      g_once_init_leave (&started, 1);
    }
  return io_context;
}

gboolean
procstream_io_thread_has_context (GMainContext *context)
{
  return g_atomic_pointer_get (&io_context) == context;
}

gboolean
procstream_io_thread_is_current (void)
{
  return g_atomic_pointer_get (&io_thread) == g_thread_self () && !procstream_platform_forked ();
}

void
procstream_io_thread_invoke (GSourceFunc    func,
                             gpointer       data,
                             GDestroyNotify destroy)
{
  Call     call = { func, data, destroy };
  gboolean first;

  if (procstream_platform_forked ())
    return;
  /* A stream that workers read may be the first that needs this thread. */
  procstream_io_thread_get_context ();
  if (procstream_io_thread_is_current ())
    {
      run_call (&call);
      return;
    }
  procstream_io_thread_get_context ();
  g_mutex_lock (&mutex);
  first = calls->len == 0;
  g_array_append_val (calls, call);
  g_mutex_unlock (&mutex);
  if (first)
    g_main_context_wakeup (io_context);
}
