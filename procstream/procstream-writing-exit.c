/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-writing-exit-private.h"

#include "procstream-at-exit-private.h"
#include "procstream-io-thread-private.h"

/*
 * A writer that works in threads of the library is here from when it was attached until it is over. What was read, and is still to be
 * written, would be lost with the process; so the exit of the program lets each of them write that, flush and close, all at the same time, and
 * waits. By then the children have been ended, so what they wrote at their end belongs to it.
 *
 * A disk may be slow, and a pipe may have a reader that does not read: the time is limited.
 */
#define EXIT_WRITE_MS 5000

static GMutex      mutex;
static GCond       cond;    /* one was removed */
static GHashTable *writers; /* of ProcstreamWriting */

static void
unref_cb (gpointer data)
{
  procstream_writing_unref (data);
}

static gboolean
take_leave_cb (gpointer data)
{
  procstream_writing_take_leave (data);
  return G_SOURCE_REMOVE;
}

static void
take_leave_locked (void)
{
  GHashTableIter iter;
  gpointer       writing;

  g_hash_table_iter_init (&iter, writers);
  while (g_hash_table_iter_next (&iter, &writing, NULL))
    procstream_io_thread_invoke (take_leave_cb, procstream_writing_ref (writing), unref_cb);
}

static void
exit_cb (void)
{
  gint64 deadline_us = g_get_monotonic_time () + EXIT_WRITE_MS * 1000;
  guint  left;

  g_mutex_lock (&mutex);
  take_leave_locked ();
  while (g_hash_table_size (writers) > 0 && g_cond_wait_until (&cond, &mutex, deadline_us))
    ;
  left = g_hash_table_size (writers);
  g_mutex_unlock (&mutex);
  if (left > 0)
    g_warning ("%u of the program's writers had not written everything within %d seconds of its exit: the rest is lost",
               left, EXIT_WRITE_MS / 1000);
}

void
procstream_writing_exit_add (ProcstreamWriting *writing)
{
  g_mutex_lock (&mutex);
  if (writers == NULL)
    {
      writers = g_hash_table_new (NULL, NULL);
      procstream_at_exit (PROCSTREAM_EXIT_STEP_WRITERS, exit_cb);
    }
  if (g_hash_table_add (writers, writing))
    procstream_writing_ref (writing);
  g_mutex_unlock (&mutex);
}

void
procstream_writing_exit_remove (ProcstreamWriting *writing)
{
  gboolean found;

  g_mutex_lock (&mutex);
  found = writers && g_hash_table_remove (writers, writing);
  if (found)
    g_cond_broadcast (&cond);
  g_mutex_unlock (&mutex);
  if (found)
    procstream_writing_unref (writing);
}
