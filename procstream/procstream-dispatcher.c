/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-dispatcher-record-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-platform-private.h"

#include <errno.h>
#include <unistd.h>

/* What one iteration of the main loop gives to all items of a context together: a frame of a window takes 16 ms, of which this may
 * take a part; and a MiB is as much as is copied in that time. */
#define SLICE_US 2000
#define SLICE_BYTES (1024 * 1024)

/* With many items ready each gets its share, but not so little that going from one to the next is most of the work. */
#define LEAST_SHARE_US 50
#define LEAST_SHARE_BYTES (16 * 1024)

static GMutex      registry_mutex;
static GHashTable *registry; /* GMainContext → Dispatcher, neither owned */

static GPtrArray *noted; /* of Dispatcher, each with a reference to its memory; the I/O thread's alone */

static void slice (Dispatcher *self,
                   Level      *level);

gboolean
procstream_budget_spent (ProcstreamBudget *self)
{
  return self->bytes <= 0 || g_get_monotonic_time () >= self->deadline_us;
}

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

Dispatcher *
procstream_dispatcher_ref_memory (Dispatcher *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_dispatcher_unref_memory (Dispatcher *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->wake_fd >= 0)
    close (self->wake_fd);
  g_ptr_array_unref (self->levels);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static Dispatcher *
dispatcher_new (GMainContext *context)
{
  Dispatcher *self = g_new0 (Dispatcher, 1);

  procstream_platform_note_process ();
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->context = g_main_context_ref (context);
  self->levels = g_ptr_array_new ();
  self->wake_fd = -1;
  return self;
}

Dispatcher *
procstream_dispatcher_use (GMainContext *context,
                           gboolean      make)
{
  Dispatcher *self;

  g_mutex_lock (&registry_mutex);
  self = registry ? g_hash_table_lookup (registry, context) : NULL;
  if (self == NULL && make)
    {
      if (registry == NULL)
        registry = g_hash_table_new (NULL, NULL);
      self = dispatcher_new (context);
      g_hash_table_insert (registry, context, self);
    }
  if (self)
    self->users++;
  g_mutex_unlock (&registry_mutex);
  return self;
}

void
procstream_dispatcher_let_go (Dispatcher *self)
{
  GMainContext *context;
  gboolean      last;

  g_mutex_lock (&registry_mutex);
  last = --self->users == 0;
  if (last)
    {
      g_hash_table_remove (registry, self->context);
      if (g_hash_table_size (registry) == 0)
        g_clear_pointer (&registry, g_hash_table_unref);
    }
  g_mutex_unlock (&registry_mutex);
  if (!last)
    return;
  g_mutex_lock (&self->mutex);
  context = g_steal_pointer (&self->context);
  g_mutex_unlock (&self->mutex);
  g_main_context_unref (context);
  procstream_dispatcher_unref_memory (self);
}

/* --- Waking ------------------------------------------------------------------------------------------------------------------- */

static void
write_wake_fd (Dispatcher *self)
{
  guint64 one = 1;

  if (write (self->wake_fd, &one, sizeof one) < 0)
    g_critical ("Could not wake a waiting thread: %s", g_strerror (errno));
}

static void
wake_locked (Dispatcher *self)
{
  if (self->polling)
    {
      if (!self->woken)
        write_wake_fd (self);
    }
  else if (self->context)
    {
      g_main_context_wakeup (self->context);
    }
  self->woken = self->polling;
}

void
procstream_dispatcher_wake (Dispatcher *self)
{
  g_mutex_lock (&self->mutex);
  wake_locked (self);
  g_mutex_unlock (&self->mutex);
}

void
procstream_dispatcher_wake_sleeper (GMainContext *context)
{
  Dispatcher *self = procstream_dispatcher_use (context, FALSE);

  if (self == NULL)
    return;
  g_mutex_lock (&self->mutex);
  if (self->polling)
    wake_locked (self);
  g_mutex_unlock (&self->mutex);
  procstream_dispatcher_let_go (self);
}

static void
note_locked (Dispatcher *self)
{
  if (self->noted)
    return;
  self->noted = TRUE;
  if (noted == NULL)
    noted = g_ptr_array_new ();
  g_ptr_array_add (noted, procstream_dispatcher_ref_memory (self));
}

static gboolean
has_ready_locked (Dispatcher *self)
{
  for (guint i = 0; i < self->levels->len; i++)
    {
      if (((Level *) g_ptr_array_index (self->levels, i))->ready.length > 0)
        return TRUE;
    }
  return FALSE;
}

static void
wake_if_ready (Dispatcher *self)
{
  gboolean wake, write_fd;

  g_mutex_lock (&self->mutex);
  self->noted = FALSE;
  /* An item that is ready keeps the context. */
  wake = !self->awake && has_ready_locked (self);
  write_fd = wake && self->polling && !self->woken;
  if (write_fd)
    self->woken = TRUE;
  else if (wake)
    wake_locked (self);
  g_mutex_unlock (&self->mutex);
  if (write_fd)
    write_wake_fd (self);
}

void
procstream_dispatcher_wake_noted (void)
{
  while (noted && noted->len > 0)
    {
      Dispatcher *self = g_ptr_array_steal_index_fast (noted, noted->len - 1);

      wake_if_ready (self);
      procstream_dispatcher_unref_memory (self);
    }
}

/* Who owns the context may not iterate it again. Somebody who sleeps for it then in a blocking call was told nothing while that was awake. */
static void
fall_asleep_locked (Dispatcher *self)
{
  self->awake = FALSE;
  if (self->polling && has_ready_locked (self))
    wake_locked (self);
}

/* Takes over the reference to the data. */
static void
queue_locked (ProcstreamDispatchItem *item)
{
  Dispatcher *self = item->dispatcher;

  g_atomic_int_set (&item->queued, TRUE);
  g_atomic_ref_count_inc (&item->ref_count);
  g_queue_push_tail_link (&item->level->ready, &item->link);
  if (item->level->ready.length > 1 || self->awake)
    return;
  if (procstream_io_thread_is_current ())
    note_locked (self);
  else
    wake_locked (self);
}

/* Gives the references to the item and to its data to the caller. */
static void
unqueue_locked (ProcstreamDispatchItem *item)
{
  g_queue_unlink (&item->level->ready, &item->link);
  g_atomic_int_set (&item->queued, FALSE);
}

/* --- Levels ------------------------------------------------------------------------------------------------------------------- */

gboolean
procstream_dispatcher_is_ready_locked (Level *level)
{
  if (level->ready.length > 0)
    return TRUE;
  for (Run *run = level->dispatcher->runs; run; run = run->outer)
    {
      if (run->again && run->item->level == level)
        return TRUE;
    }
  return FALSE;
}

static void
level_set_served (Level   *level,
                  gboolean served)
{
  g_mutex_lock (&level->dispatcher->mutex);
  level->served = served;
  level->due = FALSE;
  g_mutex_unlock (&level->dispatcher->mutex);
}

static gboolean
level_check (GSource *source)
{
  Level   *level = (Level *) source;
  gboolean ready;

  if (procstream_platform_forked ())
    return FALSE;
  g_mutex_lock (&level->dispatcher->mutex);
  level->dispatcher->awake = FALSE;
  ready = procstream_dispatcher_is_ready_locked (level);
  level->due = ready;
  g_mutex_unlock (&level->dispatcher->mutex);
  return ready;
}

static gboolean
level_prepare (GSource *source,
               int     *timeout)
{
  /* An iteration begins. Where a more urgent source is ready this is not called, but then neither can the level be reached. */
  level_set_served ((Level *) source, FALSE);
  *timeout = -1;
  return level_check (source);
}

static gboolean
level_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    user_data)
{
  Level *level = (Level *) source;

  level_set_served (level, TRUE);
  slice (level->dispatcher, level);
  return G_SOURCE_CONTINUE;
}

static void
level_finalize (GSource *source)
{
  procstream_dispatcher_unref_memory (((Level *) source)->dispatcher);
}

static GSourceFuncs level_funcs = {
  .prepare = level_prepare,
  .check = level_check,
  .dispatch = level_dispatch,
  .finalize = level_finalize,
};

static Level *
add_level_locked (Dispatcher *self,
                  int         priority,
                  guint       position)
{
  GSource *source = g_source_new (&level_funcs, sizeof (Level));
  Level   *level = (Level *) source;

  level->dispatcher = procstream_dispatcher_ref_memory (self);
  level->priority = priority;
  g_queue_init (&level->ready);
  g_source_set_static_name (source, "procstream-dispatcher");
  g_source_set_priority (source, priority);
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, self->context);
  g_ptr_array_insert (self->levels, position, level);
  return level;
}

static void
join_level_locked (ProcstreamDispatchItem *item,
                   int                     priority)
{
  Dispatcher *self = item->dispatcher;
  Level      *level = NULL;
  guint       i;

  for (i = 0; i < self->levels->len; i++)
    {
      level = g_ptr_array_index (self->levels, i);
      if (level->priority >= priority)
        break;
    }
  if (i == self->levels->len || level->priority != priority)
    level = add_level_locked (self, priority, i);
  level->n_items++;
  item->level = level;
}

/* The level if nobody is left in it, for drop_level(). */
static Level *
leave_level_locked (ProcstreamDispatchItem *item)
{
  Level *level = g_steal_pointer (&item->level);

  if (--level->n_items > 0)
    return NULL;
  g_ptr_array_remove (item->dispatcher->levels, level);
  return level;
}

static void
drop_level (Level *level)
{
  if (level == NULL)
    return;
  g_source_destroy (&level->parent);
  g_source_unref (&level->parent);
}

/* --- Slices ------------------------------------------------------------------------------------------------------------------- */

static void
item_unref (ProcstreamDispatchItem *item)
{
  if (!g_atomic_ref_count_dec (&item->ref_count))
    return;
  procstream_dispatcher_unref_memory (item->dispatcher);
  g_free (item);
}

static void
queue_runs_again_locked (Dispatcher *self,
                         Level      *level)
{
  for (Run *run = self->runs; run; run = run->outer)
    {
      if (!run->again || run->item->level != level)
        continue;
      run->again = FALSE;
      if (run->item->queued)
        continue;
      run->item->ref (run->item->data);
      queue_locked (run->item);
    }
}

/* The first that may still run in @slice; in one that was nested in it counts, too. */
static ProcstreamDispatchItem *
pop_locked (Level *level,
            guint  slice)
{
  for (GList *link = level->ready.head; link; link = link->next)
    {
      ProcstreamDispatchItem *item = link->data;

      if (item->once && item->slice >= slice)
        continue;
      item->slice = slice;
      unqueue_locked (item);
      return item;
    }
  return NULL;
}

/* Each of @n items that are ready gets the same part of what is left. */
static ProcstreamBudget
share (const ProcstreamBudget *left,
       guint                   n)
{
  gint64           now = g_get_monotonic_time ();
  ProcstreamBudget part;

  part.deadline_us = now + MAX ((left->deadline_us - now) / n, LEAST_SHARE_US);
  part.bytes = MAX (left->bytes / (gssize) n, LEAST_SHARE_BYTES);
  return part;
}

static void
run_item (Dispatcher             *self,
          ProcstreamDispatchItem *item,
          ProcstreamBudget       *budget)
{
  Run      run = { item, TRUE, NULL };
  gboolean more;

  g_mutex_lock (&self->mutex);
  run.outer = self->runs;
  self->runs = &run;
  g_mutex_unlock (&self->mutex);

  more = item->func (item->data, budget);

  g_mutex_lock (&self->mutex);
  self->runs = run.outer;
  self->awake = TRUE;
  more = more && item->level && !item->queued;
  if (more)
    queue_locked (item);
  g_mutex_unlock (&self->mutex);
  if (!more)
    item->unref (item->data);
  item_unref (item);
}

/* Serves the items of a level in turn until none is ready or the budget is spent. */
static void
slice (Dispatcher *self,
       Level      *level)
{
  ProcstreamBudget        left = { g_get_monotonic_time () + SLICE_US, SLICE_BYTES };
  ProcstreamDispatchItem *item;
  guint                   n, number;

  g_mutex_lock (&self->mutex);
  self->awake = TRUE;
  number = ++self->slices;
  queue_runs_again_locked (self, level);
  do
    {
      n = level->ready.length;
      item = pop_locked (level, number);
      g_mutex_unlock (&self->mutex);
      if (item)
        {
          ProcstreamBudget part = share (&left, n);
          gssize           given = part.bytes;

          run_item (self, item, &part);
          left.bytes -= given - part.bytes;
        }
      g_mutex_lock (&self->mutex);
    }
  while (item && level->ready.length > 0 && !procstream_budget_spent (&left));
  fall_asleep_locked (self);
  g_mutex_unlock (&self->mutex);
}

static Level *
ref_level (Dispatcher *self,
           guint       i)
{
  Level *level = NULL;

  g_mutex_lock (&self->mutex);
  if (i < self->levels->len)
    level = (Level *) g_source_ref (g_ptr_array_index (self->levels, i));
  g_mutex_unlock (&self->mutex);
  return level;
}

/* One slice for each level. */
void
procstream_dispatcher_run_levels (Dispatcher *self)
{
  Level *level;

  for (guint i = 0; (level = ref_level (self, i)); i++)
    {
      slice (self, level);
      g_source_unref (&level->parent);
    }
}

static gboolean
claim_slice (Dispatcher *self,
             Level      *level)
{
  gboolean claimed;

  g_mutex_lock (&self->mutex);
  claimed = !level->due && !level->served && procstream_dispatcher_is_ready_locked (level);
  level->served |= claimed;
  g_mutex_unlock (&self->mutex);
  return claimed;
}

/* A slice for each level that is at least so urgent, has something, and neither had nor will have one in this iteration. */
static void
run_unserved_levels (Dispatcher *self,
                     int         priority)
{
  Level *level;

  for (guint i = 0; (level = ref_level (self, i)); i++)
    {
      if (level->priority <= priority && claim_slice (self, level))
        slice (self, level);
      g_source_unref (&level->parent);
    }
}

/* --- Items -------------------------------------------------------------------------------------------------------------------- */

ProcstreamDispatchItem *
procstream_dispatch_item_new (GMainContext          *context,
                              int                    priority,
                              ProcstreamDispatchFunc func,
                              gpointer               data,
                              gpointer (*ref) (gpointer),
                              void (*unref) (gpointer))
{
  ProcstreamDispatchItem *self = g_new0 (ProcstreamDispatchItem, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->dispatcher = procstream_dispatcher_ref_memory (procstream_dispatcher_use (context, TRUE));
  self->link.data = self;
  self->func = func;
  self->data = data;
  self->ref = ref;
  self->unref = unref;
  g_mutex_lock (&self->dispatcher->mutex);
  join_level_locked (self, priority);
  g_mutex_unlock (&self->dispatcher->mutex);
  return self;
}

void
procstream_dispatch_item_post (ProcstreamDispatchItem *self)
{
  /* What was made ready before this is seen by the run that takes it from the list. */
  if (g_atomic_int_get (&self->queued) || procstream_platform_forked ())
    return;
  g_mutex_lock (&self->dispatcher->mutex);
  if (self->level && !self->queued)
    {
      self->ref (self->data);
      queue_locked (self);
    }
  g_mutex_unlock (&self->dispatcher->mutex);
}

void
procstream_dispatch_item_set_once (ProcstreamDispatchItem *self)
{
  self->once = TRUE;
}

void
procstream_dispatch_item_set_priority (ProcstreamDispatchItem *self,
                                       int                     priority)
{
  Level   *unused = NULL;
  gboolean queued;

  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&self->dispatcher->mutex);
  if (self->level && self->level->priority != priority)
    {
      queued = self->queued;
      if (queued)
        unqueue_locked (self);
      unused = leave_level_locked (self);
      join_level_locked (self, priority);
      if (queued)
        {
          queue_locked (self);
          g_atomic_ref_count_dec (&self->ref_count);
        }
    }
  g_mutex_unlock (&self->dispatcher->mutex);
  drop_level (unused);
}

void
procstream_dispatch_item_close (ProcstreamDispatchItem *self)
{
  Dispatcher *dispatcher = self->dispatcher;
  gboolean    open, queued;
  Level      *unused = NULL;

  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&dispatcher->mutex);
  open = self->level != NULL;
  queued = self->queued;
  if (queued)
    unqueue_locked (self);
  if (open)
    unused = leave_level_locked (self);
  g_mutex_unlock (&dispatcher->mutex);
  drop_level (unused);
  if (open)
    procstream_dispatcher_let_go (dispatcher);
  if (queued)
    {
      self->unref (self->data);
      item_unref (self);
    }
}

void
procstream_dispatch_item_free (ProcstreamDispatchItem *self)
{
  if (procstream_platform_forked ())
    return;
  procstream_dispatch_item_close (self);
  item_unref (self); /* NOLINT(clang-analyzer-unix.Malloc): who is queued has a reference of its own */
}

/* --- Other sources ------------------------------------------------------------------------------------------------------------ */

gpointer
procstream_dispatcher_enter (GMainContext *context)
{
  Dispatcher *self = procstream_dispatcher_use (context, FALSE);

  if (self)
    {
      g_mutex_lock (&self->mutex);
      self->awake = TRUE;
      g_mutex_unlock (&self->mutex);
    }
  return self;
}

void
procstream_dispatcher_leave (gpointer dispatcher,
                             int      priority)
{
  Dispatcher *self = dispatcher;

  if (self == NULL)
    return;
  g_mutex_lock (&self->mutex);
  fall_asleep_locked (self);
  g_mutex_unlock (&self->mutex);
  /* The others are seen when the iteration after this one prepares. */
  run_unserved_levels (self, priority);
  procstream_dispatcher_let_go (self);
}

static void
add_hold (Dispatcher *self,
          int         n)
{
  g_mutex_lock (&self->mutex);
  self->holds += n;
  if (self->polling)
    wake_locked (self);
  g_mutex_unlock (&self->mutex);
}

void
procstream_dispatcher_hold_iterate (GMainContext *context)
{
  /* The reference is released with the hold. */
  add_hold (procstream_dispatcher_use (context, TRUE), 1);
}

void
procstream_dispatcher_release_iterate (GMainContext *context)
{
  Dispatcher *self = procstream_dispatcher_use (context, FALSE);

  add_hold (self, -1);
  procstream_dispatcher_let_go (self);
  procstream_dispatcher_let_go (self); /* NOLINT(clang-analyzer-unix.Malloc): the hold was a user too */
}
