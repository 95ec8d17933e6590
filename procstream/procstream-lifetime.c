/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-lifetime-private.h"

#include "procstream-at-exit-private.h"
#include "procstream-group-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-worker-private.h"

#include <unistd.h>

/*
 * A child is here from the moment that its start is claimed until nobody of its group is left, it could not be started, or it was
 * detached. The table holds a reference to its record, so that a child that nobody else remembers is ended all the same. One that was
 * detached is here while a shutdown of it is under way.
 *
 * When the program exits, by returning from main() or calling exit(), or says with procstream_deinit() that it will, all of them are shut
 * down at the same time, each as its own shutdown says, and that is waited for. The I/O thread, which does the work, runs until the process
 * itself goes; no main loop is needed, and no code of the user is called.
 *
 *  - It takes no longer than the longest of the shutdowns, each of which is bounded, and START_MS for a start that is under way. A
 *    shutdown that somebody else began, and that gives more time, is cut short: it kills when the child's own would. Whatever is there when
 *    the time is over is killed from here.
 *  - Whoever is in a hurry meanwhile, which can be said at any time, has all that are left killed.
 *  - over is set first. From then on nothing is started, by whatever thread; what was claimed before is in the table.
 *  - Whether a child is detached is decided with its lock held, by whoever comes first: detach() before the exit spares it, and fails
 *    after that.
 *
 * In a forked copy of the program nothing is done: the children are not the copy's, and neither is the thread.
 *
 * Children whose leader is gone, and whose group is not, are looked at again when the table has become twice as large, and by a timer of the
 * I/O thread, which gives itself twice the time after each look: a group that nobody is left of costs a descriptor until then, and one that stays
 * for days is hardly ever looked at. The kernel is asked first, which is cheap. To it the dead whom nobody waits for are there; who they are is said
 * by all of /proc, which a worker reads.
 *
 * mutex is taken with the lock of a child held, and never the other way round.
 */
static GMutex      mutex;
static GHashTable *children;     /* of ProcstreamChildCore */
static guint       look_at = 16; /* how many there are when they are looked at next */
static gboolean    looking;
static gboolean    over;

#define START_MS 2000

/* From one look of the timer to the next. Soon, since most of those who outlive their leader do so by very little; and at last so seldom that an
 * idle program stays one. */
#define FIRST_LOOK_MS 250
#define LAST_LOOK_MS (64 * 1000)
/* Reading /proc takes some milliseconds. */
#define READING_LOOK_MS 1000

/* The I/O thread's alone. */
static GSource *timer; /* NULL: nobody is looked for */
static guint    timer_ms;

static void
unref_cb (gpointer data)
{
  procstream_child_core_unref (data);
}

static GPtrArray *
list_all (void)
{
  GPtrArray     *all = g_ptr_array_new_with_free_func (unref_cb);
  GHashTableIter iter;
  gpointer       core;

  g_mutex_lock (&mutex);
  g_hash_table_iter_init (&iter, children);
  while (g_hash_table_iter_next (&iter, &core, NULL))
    g_ptr_array_add (all, procstream_child_core_ref (core));
  g_mutex_unlock (&mutex);
  return all;
}

/* --- At the exit -------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamChildCore *core;
  ProcstreamWaiters   *waiters;
} Ending;

static void
ending_clear (gpointer data)
{
  Ending *self = data;

  procstream_waiters_unref (self->waiters);
}

GCancellable *
procstream_lifetime_get_hurry (void)
{
  static GCancellable *hurry;

  if (g_once_init_enter (&hurry))
    g_once_init_leave (&hurry, g_cancellable_new ());
  return hurry;
}

static void
await (Ending       *ending,
       gint64        deadline_us,
       GCancellable *cancellable)
{
  gint64 left_ms = MAX (0, (deadline_us - g_get_monotonic_time ()) / 1000);

  procstream_waiters_wait (ending->waiters, procstream_io_thread_get_context (), NULL, "a child to end", left_ms, cancellable, NULL);
  if (!procstream_waiters_is_complete (ending->waiters))
    procstream_child_core_kill_at_exit (ending->core);
}

/* Those that are killed because somebody is in a hurry have all of them been killed before one is waited for. */
static void
await_all (GArray *endings,
           gint64  deadline_us)
{
  for (guint i = 0; i < endings->len; i++)
    await (&g_array_index (endings, Ending, i), deadline_us, procstream_lifetime_get_hurry ());
  if (!g_cancellable_is_cancelled (procstream_lifetime_get_hurry ()))
    return;
  deadline_us = MIN (deadline_us, g_get_monotonic_time () + START_MS * 1000);
  for (guint i = 0; i < endings->len; i++)
    await (&g_array_index (endings, Ending, i), deadline_us, NULL);
}

static void
end_all (GPtrArray *all)
{
  g_autoptr (GArray) endings = g_array_new (FALSE, FALSE, sizeof (Ending));
  gint64 longest_ms = 0;
  gint64 deadline_us;

  g_array_set_clear_func (endings, ending_clear);
  for (guint i = 0; i < all->len; i++)
    {
      Ending ending = { .core = g_ptr_array_index (all, i) };

      longest_ms = MAX (longest_ms, procstream_shutdown_plan_get_total_ms (procstream_child_core_get_options (ending.core)->shutdown));
      ending.waiters = procstream_child_core_shut_down_at_exit (ending.core);
      if (ending.waiters)
        g_array_append_val (endings, ending);
    }
  deadline_us = g_get_monotonic_time () + (longest_ms + START_MS) * 1000;
  await_all (endings, deadline_us);
}

static void
exit_cb (void)
{
  g_autoptr (GPtrArray) all = NULL;

  g_mutex_lock (&mutex);
  over = TRUE;
  g_mutex_unlock (&mutex);
  all = list_all ();
  end_all (all);
}

/* --- The table ---------------------------------------------------------------------------------------------------------------- */

static void
prepare_locked (void)
{
  if (children)
    return;
  children = g_hash_table_new_full (NULL, NULL, unref_cb, NULL);
  procstream_at_exit (PROCSTREAM_EXIT_STEP_CHILDREN, exit_cb);
}

void
procstream_lifetime_prepare (void)
{
  g_mutex_lock (&mutex);
  prepare_locked ();
  g_mutex_unlock (&mutex);
}

gboolean
procstream_lifetime_add (ProcstreamChildCore *core)
{
  gboolean may_start;

  g_mutex_lock (&mutex);
  may_start = !over;
  prepare_locked ();
  if (may_start && !g_hash_table_contains (children, core))
    g_hash_table_add (children, procstream_child_core_ref (core));
  g_mutex_unlock (&mutex);
  return may_start;
}

void
procstream_lifetime_remove (ProcstreamChildCore *core)
{
  gboolean found;

  g_mutex_lock (&mutex);
  found = children && g_hash_table_steal (children, core);
  g_mutex_unlock (&mutex);
  if (found)
    procstream_child_core_unref (core);
}

gboolean
procstream_lifetime_is_over (void)
{
  gboolean is_over;

  g_mutex_lock (&mutex);
  is_over = over;
  g_mutex_unlock (&mutex);
  return is_over;
}

/* --- Who is left of them ------------------------------------------------------------------------------------------------------ */

/* Those that have exited, and whose group the kernel says is there. Of a tree the guard says it. */
static GPtrArray *
list_doubtful (void)
{
  g_autoptr (GPtrArray) all = list_all ();
  GPtrArray *doubtful = g_ptr_array_new_with_free_func (unref_cb);

  for (guint i = 0; i < all->len; i++)
    {
      ProcstreamChildCore *core = g_ptr_array_index (all, i);

      if (procstream_child_core_is_gone (core))
        procstream_lifetime_remove (core);
      else if (procstream_child_core_get_state (core) == PROCSTREAM_CHILD_STATE_EXITED &&
               procstream_child_core_get_options (core)->containment != PROCSTREAM_CONTAINMENT_TREE)
        g_ptr_array_add (doubtful, procstream_child_core_ref (core));
    }
  return doubtful;
}

/* The dead that nobody has waited for do not count. */
static void
remove_deserted (GPtrArray *doubtful)
{
  g_autofree ProcstreamGroupQuery *queries = g_new0 (ProcstreamGroupQuery, doubtful->len);

  for (guint i = 0; i < doubtful->len; i++)
    {
      queries[i].group = procstream_child_core_get_pid (g_ptr_array_index (doubtful, i));
      queries[i].session = getsid (0);
    }
  if (!procstream_group_count_all (queries, doubtful->len))
    return;
  for (guint i = 0; i < doubtful->len; i++)
    if (queries[i].census.living == 0 && queries[i].census.zombies > 0)
      procstream_lifetime_remove (g_ptr_array_index (doubtful, i));
}

static gpointer
look (gpointer data)
{
  g_autoptr (GPtrArray) doubtful = list_doubtful ();

  remove_deserted (doubtful);
  g_mutex_lock (&mutex);
  look_at = 2 * g_hash_table_size (children) + 16;
  looking = FALSE;
  g_mutex_unlock (&mutex);
  return NULL;
}

static void
look_in_worker (gboolean at_once)
{
  gboolean due;

  g_mutex_lock (&mutex);
  due = children && !looking && (at_once || g_hash_table_size (children) >= look_at);
  if (due)
    looking = TRUE;
  g_mutex_unlock (&mutex);
  if (due)
    procstream_worker_run ("procstream-life", look, NULL);
}

void
procstream_lifetime_tidy (void)
{
  look_in_worker (FALSE);
}

static gboolean timer_cb (gpointer user_data);

/* With many of them it takes longer, so that looking never takes much of the time of the thread. */
static void
start_timer (void)
{
  guint n;

  g_mutex_lock (&mutex);
  n = g_hash_table_size (children);
  g_mutex_unlock (&mutex);
  timer = g_timeout_source_new (MAX (timer_ms, n));
  g_source_set_static_name (timer, "procstream-life");
  g_source_set_callback (timer, timer_cb, NULL, NULL);
  g_source_attach (timer, procstream_io_thread_get_context ());
}

static gboolean
timer_cb (gpointer user_data)
{
  g_autoptr (GPtrArray) doubtful = list_doubtful ();

  g_clear_pointer (&timer, g_source_unref);
  if (doubtful->len == 0)
    return G_SOURCE_REMOVE;
  if (timer_ms >= READING_LOOK_MS)
    look_in_worker (TRUE);
  timer_ms = MIN (2 * timer_ms, LAST_LOOK_MS);
  start_timer ();
  return G_SOURCE_REMOVE;
}

void
procstream_lifetime_look_soon (ProcstreamChildCore *core)
{
  gboolean found;

  g_mutex_lock (&mutex);
  found = children && g_hash_table_contains (children, core);
  g_mutex_unlock (&mutex);
  if (!found || (timer && timer_ms == FIRST_LOOK_MS))
    return;
  if (timer)
    g_source_destroy (timer);
  g_clear_pointer (&timer, g_source_unref);
  timer_ms = FIRST_LOOK_MS;
  start_timer ();
}
