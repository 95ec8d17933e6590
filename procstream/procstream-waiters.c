/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-waiters-private.h"

#include "procstream-cancel-source-private.h"
#include "procstream-cancel-watch-private.h"
#include "procstream-dispatcher-private.h"
#include "procstream-platform-private.h"
#include "procstream-task-private.h"

/*
 * complete goes from FALSE to TRUE once, under mutex, and error is constant from then on.
 *
 * Whenever mutex is free: tasks holds the tasks that wait, each with the source that watches its cancellable; whoever takes an
 * entry out of the list, completing or cancelling, owns it and completes its task, so each is completed once. items holds the
 * dispatch items of the blocked calls that deliver meanwhile; a call takes its own out before it frees it.
 *
 * funcs holds the functions that are yet to be called. Whoever takes one out of it, completing or removing, destroys its data.
 *
 * A blocked thread hears of its cancellable through a plain signal handler, which holds a reference of its own: disconnecting it waits
 * for nobody, so that it does not matter in whose handler what is cancelled.
 */
struct _ProcstreamWaiters
{
  gatomicrefcount ref_count;
  GMutex          mutex;
  GCond           cond;
  gboolean        complete;
  GError         *error;
  GPtrArray      *tasks; /* of TaskEntry */
  GPtrArray      *items; /* of ProcstreamDispatchItem, not owned */
  GArray         *funcs; /* of FuncEntry; NULL: none */
  guint           last_id;
};

typedef struct
{
  guint id;
  void (*func) (gpointer      data,
                const GError *error);
  gpointer       data;
  GDestroyNotify destroy;
} FuncEntry;

typedef struct
{
  gatomicrefcount    ref_count;
  ProcstreamWaiters *waiters;
  GTask             *task; /* while in the list */
  GSource           *cancel_source;
} TaskEntry;

ProcstreamWaiters *
procstream_waiters_new (void)
{
  ProcstreamWaiters *self = g_new0 (ProcstreamWaiters, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->tasks = g_ptr_array_new ();
  self->items = g_ptr_array_new ();
  return self;
}

ProcstreamWaiters *
procstream_waiters_ref (ProcstreamWaiters *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_waiters_unref (ProcstreamWaiters *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->tasks->len == 0 && self->items->len == 0 && self->funcs == NULL);
  g_ptr_array_unref (self->tasks);
  g_ptr_array_unref (self->items);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

/* --- Tasks -------------------------------------------------------------------------------------------------------------------- */

static TaskEntry *
task_entry_ref (TaskEntry *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
task_entry_unref (TaskEntry *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->task == NULL);
  procstream_waiters_unref (self->waiters);
  g_free (self);
}

/* Takes an entry that was taken out of the list. The source goes first, while the task still holds the cancellable that it watches: the
 * last reference to that must not be ours. */
static void
finish_entry (TaskEntry *entry,
              GError    *error)
{
  g_clear_pointer (&entry->cancel_source, procstream_cancel_source_end);
  if (error)
    procstream_task_return_error (g_steal_pointer (&entry->task), error);
  else
    procstream_task_return_boolean (g_steal_pointer (&entry->task), TRUE);
  task_entry_unref (entry);
}

static gboolean
task_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  TaskEntry         *entry = user_data;
  ProcstreamWaiters *self = entry->waiters;
  gboolean           taken;

  g_mutex_lock (&self->mutex);
  taken = g_ptr_array_remove_fast (self->tasks, entry);
  g_mutex_unlock (&self->mutex);
  if (taken)
    finish_entry (entry, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The wait was cancelled"));
  return G_SOURCE_REMOVE;
}

static TaskEntry *
task_entry_new (ProcstreamWaiters *self,
                GTask             *task)
{
  TaskEntry *entry = g_new0 (TaskEntry, 1);

  g_atomic_ref_count_init (&entry->ref_count);
  entry->waiters = procstream_waiters_ref (self);
  entry->task = task;
  return entry;
}

static void
add_entry_locked (ProcstreamWaiters *self,
                  TaskEntry         *entry)
{
  GCancellable *cancellable = g_task_get_cancellable (entry->task);

  g_ptr_array_add (self->tasks, entry);
  /* Under the lock, because from here on another thread may finish the entry. */
  if (cancellable)
    entry->cancel_source = procstream_cancel_source_new (cancellable, g_task_get_context (entry->task), task_cancelled_cb,
                                                         task_entry_ref (entry), (GDestroyNotify) task_entry_unref);
}

void
procstream_waiters_add_task (ProcstreamWaiters *self,
                             GTask             *task)
{
  TaskEntry *entry = task_entry_new (self, task);
  gboolean   complete;

  g_mutex_lock (&self->mutex);
  complete = self->complete;
  if (!complete)
    add_entry_locked (self, entry);
  g_mutex_unlock (&self->mutex);
  if (complete)
    finish_entry (entry, self->error ? g_error_copy (self->error) : NULL);
}

void
procstream_waiters_answer_task (ProcstreamWaiters *self,
                                GError            *error,
                                GTask             *task)
{
  if (self)
    {
      procstream_waiters_add_task (self, task);
      procstream_waiters_unref (self);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* --- Functions ---------------------------------------------------------------------------------------------------------------- */

static void
call_func (const FuncEntry *entry,
           const GError    *error)
{
  entry->func (entry->data, error);
  entry->destroy (entry->data);
}

guint
procstream_waiters_add_func (ProcstreamWaiters *self,
                             void (*func) (gpointer      data,
                                           const GError *error),
                             gpointer       data,
                             GDestroyNotify destroy)
{
  FuncEntry entry = { 0, func, data, destroy };

  g_mutex_lock (&self->mutex);
  if (!self->complete)
    {
      entry.id = ++self->last_id;
      if (self->funcs == NULL)
        self->funcs = g_array_new (FALSE, FALSE, sizeof (FuncEntry));
      g_array_append_val (self->funcs, entry);
    }
  g_mutex_unlock (&self->mutex);
  if (entry.id == 0)
    call_func (&entry, self->error);
  return entry.id;
}

static gboolean
take_func_locked (ProcstreamWaiters *self,
                  guint              id,
                  FuncEntry         *entry)
{
  for (guint i = 0; self->funcs && i < self->funcs->len; i++)
    {
      *entry = g_array_index (self->funcs, FuncEntry, i);
      if (entry->id != id)
        continue;
      g_array_remove_index_fast (self->funcs, i);
      if (self->funcs->len == 0)
        g_clear_pointer (&self->funcs, g_array_unref);
      return TRUE;
    }
  return FALSE;
}

void
procstream_waiters_remove_func (ProcstreamWaiters *self,
                                guint              id)
{
  FuncEntry entry;
  gboolean  taken;

  g_mutex_lock (&self->mutex);
  taken = take_func_locked (self, id, &entry);
  g_mutex_unlock (&self->mutex);
  if (taken)
    entry.destroy (entry.data);
}

/* --- Completion --------------------------------------------------------------------------------------------------------------- */

void
procstream_waiters_complete (ProcstreamWaiters *self,
                             const GError      *error)
{
  g_autoptr (GPtrArray) tasks = NULL;
  g_autoptr (GArray) funcs = NULL;

  g_mutex_lock (&self->mutex);
  g_assert (!self->complete);
  self->error = error ? g_error_copy (error) : NULL;
  self->complete = TRUE;
  tasks = g_steal_pointer (&self->tasks);
  self->tasks = g_ptr_array_new ();
  funcs = g_steal_pointer (&self->funcs);
  for (guint i = 0; i < self->items->len; i++)
    procstream_dispatch_item_post (g_ptr_array_index (self->items, i));
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);

  for (guint i = 0; i < tasks->len; i++)
    finish_entry (g_ptr_array_index (tasks, i), error ? g_error_copy (error) : NULL);
  for (guint i = 0; funcs && i < funcs->len; i++)
    call_func (&g_array_index (funcs, FuncEntry, i), error);
}

gboolean
procstream_waiters_is_complete (ProcstreamWaiters *self)
{
  gboolean complete;

  procstream_platform_lock_to_read (&self->mutex);
  complete = self->complete;
  procstream_platform_unlock_to_read (&self->mutex);
  return complete;
}

/* --- Blocking ----------------------------------------------------------------------------------------------------------------- */

static gpointer
ref_cb (gpointer data)
{
  return procstream_waiters_ref (data);
}

static void
unref_cb (gpointer data)
{
  procstream_waiters_unref (data);
}

/* The item exists to be posted; that is what wakes. */
static gboolean
item_cb (gpointer          data,
         ProcstreamBudget *budget)
{
  return FALSE;
}

static gboolean
is_complete_cb (gpointer data)
{
  return procstream_waiters_is_complete (data);
}

static void
wait_cancelled (gpointer data)
{
  ProcstreamWaiters *self = data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static gboolean
sleep_locked (ProcstreamWaiters *self,
              gint64             deadline)
{
  if (deadline >= 0)
    return g_cond_wait_until (&self->cond, &self->mutex, deadline);
  g_cond_wait (&self->cond, &self->mutex);
  return TRUE;
}

static void
wait_elsewhere (gpointer      data,
                gint64        deadline,
                GCancellable *cancellable)
{
  ProcstreamWaiters *self = data;
  gulong             watch = procstream_cancel_watch_begin (cancellable, wait_cancelled, procstream_waiters_ref (self), unref_cb);

  g_mutex_lock (&self->mutex);
  while (!self->complete && !g_cancellable_is_cancelled (cancellable) && sleep_locked (self, deadline))
    ;
  g_mutex_unlock (&self->mutex);
  procstream_cancel_watch_end (cancellable, watch);
}

static void
wait_delivering (ProcstreamWaiters *self,
                 GMainContext      *context,
                 gint64             deadline,
                 GCancellable      *cancellable)
{
  ProcstreamDispatchItem *item;

  item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, item_cb, self, ref_cb, unref_cb);
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->items, item);
  g_mutex_unlock (&self->mutex);
  procstream_dispatcher_wait (context, is_complete_cb, wait_elsewhere, self, deadline, cancellable);
  g_mutex_lock (&self->mutex);
  g_ptr_array_remove_fast (self->items, item);
  g_mutex_unlock (&self->mutex);
  procstream_dispatch_item_free (item);
}

/* What came first counts: an event that happened is not undone by a cancellation or a timeout that comes with it. */
static gboolean
get_result (ProcstreamWaiters *self,
            const char        *what,
            gint64             timeout_ms,
            GCancellable      *cancellable,
            GError           **error)
{
  if (procstream_waiters_is_complete (self))
    {
      if (self->error)
        g_propagate_error (error, g_error_copy (self->error));
      return self->error == NULL;
    }
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "Timed out after %" G_GINT64_FORMAT " ms waiting for %s", timeout_ms, what);
  return FALSE;
}

gint64
procstream_waiters_get_deadline (gint64 timeout_ms)
{
  gint64 now = g_get_monotonic_time ();

  if (timeout_ms < 0 || timeout_ms > (G_MAXINT64 - now) / 1000)
    return -1;
  return now + timeout_ms * 1000;
}

gboolean
procstream_waiters_wait (ProcstreamWaiters *self,
                         GMainContext      *context,
                         GThread           *owner_thread,
                         const char        *what,
                         gint64             timeout_ms,
                         GCancellable      *cancellable,
                         GError           **error)
{
  gint64   deadline = procstream_waiters_get_deadline (timeout_ms);
  gboolean result;

  /* The caller's object may be let go by what is delivered meanwhile. */
  procstream_waiters_ref (self);
  g_main_context_ref (context);
  if (owner_thread == g_thread_self ())
    wait_delivering (self, context, deadline, cancellable);
  else
    wait_elsewhere (self, deadline, cancellable);
  g_main_context_unref (context);
  result = get_result (self, what, timeout_ms, cancellable, error);
  procstream_waiters_unref (self);
  return result;
}
