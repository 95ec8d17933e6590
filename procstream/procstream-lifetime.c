/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-lifetime-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-platform-private.h"

#include <stdlib.h>

/*
 * A child is here from the moment that its start is claimed until nobody of its group is left, it could not be started, or it was
 * detached. The table holds a reference to its record, so that a child that nobody else remembers is ended all the same.
 *
 * When the program exits, by returning from main() or calling exit(), a function that was registered with atexit() shuts all of
 * them down, each as its own shutdown says, all at the same time, and waits for that. The I/O thread, which does the work, runs
 * until the process itself goes; no main loop is needed, and no code of the user is called. It takes no longer than the longest of
 * the shutdowns, each of which is bounded, and START_MS for a start that is under way.
 *
 * In a forked copy of the program nothing is done: the children are not the copy's, and neither is the thread.
 *
 * Children whose leader is gone, and whose group is not, are looked at again when the table has become twice as large, so that
 * looking costs nothing that matters and the table does not grow with what is long gone.
 */
static GMutex      mutex;
static GHashTable *children;     /* of ProcstreamChildCore */
static guint       look_at = 16; /* how many there are when they are looked at next */

#define START_MS 2000

static void
unref_cb (gpointer data)
{
  procstream_child_core_unref (data);
}

/* --- At the exit -------------------------------------------------------------------------------------------------------------- */

static GPtrArray *
steal_all (void)
{
  GPtrArray     *all = g_ptr_array_new_with_free_func (unref_cb);
  GHashTableIter iter;
  gpointer       core;

  g_mutex_lock (&mutex);
  g_hash_table_iter_init (&iter, children);
  while (g_hash_table_iter_next (&iter, &core, NULL))
    {
      g_ptr_array_add (all, core);
      g_hash_table_iter_steal (&iter);
    }
  g_mutex_unlock (&mutex);
  return all;
}

static void
waiters_unref_cb (gpointer data)
{
  procstream_waiters_unref (data);
}

static void
end_all (GPtrArray *all)
{
  g_autoptr (GPtrArray) waits = g_ptr_array_new_with_free_func (waiters_unref_cb);
  GMainContext *context = procstream_io_thread_get_context ();
  gint64        longest_ms = 0;
  gint64        deadline;

  for (guint i = 0; i < all->len; i++)
    {
      ProcstreamChildCore    *core = g_ptr_array_index (all, i);
      ProcstreamShutdownPlan *plan = procstream_child_core_get_options (core)->shutdown;
      ProcstreamWaiters      *waiters = procstream_child_core_shut_down (core, plan, PROCSTREAM_CAUSE_PARENT_EXIT, NULL);

      longest_ms = MAX (longest_ms, procstream_shutdown_plan_get_total_ms (plan));
      if (waiters)
        g_ptr_array_add (waits, waiters);
    }
  deadline = g_get_monotonic_time () + (longest_ms + START_MS) * 1000;
  for (guint i = 0; i < waits->len; i++)
    procstream_waiters_wait (g_ptr_array_index (waits, i), context, NULL, "a child to end",
                             MAX (0, (deadline - g_get_monotonic_time ()) / 1000), NULL, NULL);
}

static void
exit_cb (void)
{
  if (procstream_platform_forked ())
    return;
  /* Other threads of the program go on meanwhile, and may start another one. */
  for (;;)
    {
      g_autoptr (GPtrArray) all = steal_all ();

      if (all->len == 0)
        return;
      end_all (all);
    }
}

/* --- The table ---------------------------------------------------------------------------------------------------------------- */

static gboolean
is_gone_cb (gpointer key,
            gpointer value,
            gpointer user_data)
{
  return procstream_child_core_is_deserted (key);
}

static void
add_locked (ProcstreamChildCore *core)
{
  if (children == NULL)
    {
      children = g_hash_table_new_full (NULL, NULL, unref_cb, NULL);
      if (atexit (exit_cb) != 0)
        g_error ("Could not prepare for the exit of the program: out of memory");
    }
  if (g_hash_table_size (children) >= look_at)
    {
      g_hash_table_foreach_remove (children, is_gone_cb, NULL);
      look_at = 2 * g_hash_table_size (children) + 16;
    }
  g_hash_table_add (children, procstream_child_core_ref (core));
}

void
procstream_lifetime_add (ProcstreamChildCore *core)
{
  g_mutex_lock (&mutex);
  add_locked (core);
  g_mutex_unlock (&mutex);
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
