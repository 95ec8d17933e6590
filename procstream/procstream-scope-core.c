/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-scope-record-private.h"

#include "procstream-error.h"
#include "procstream-platform-private.h"
#include "procstream-result-private.h"

/*
 * A member is one child of the scope. Its phases:
 *
 *     created ──▸ (queued) ──▸ running ──▸ over
 *        └──▸ gone
 *
 * One that was neither started nor enqueued is gone when the scope is closed, when it is taken out, and with the last reference to its
 * outer object.
 * Running is from the moment that its start was claimed until the process is gone, or could not be started. All of it needs no main
 * loop: what is over is heard in the I/O thread, by a function among those who wait for the exit of the child.
 *
 * mutex protects everything. It is taken before that of a child, and never while anything is called that could take it again: what is
 * to be done is collected, and done after it was released. What holds, whenever it is free:
 *
 *  - A child whose start was claimed while nothing was closed is running, so whoever closes sees it. Once closed is TRUE no child of the
 *    scope leaves created or queued but to fail: claiming and closing exclude each other by the lock.
 *  - queue holds exactly the members that are queued, the oldest first, but for those that somebody is taking out of it, who are about to be
 *    over.
 *  - A member that is over is in finished or in staying, and no other is: finished has at most max_finished members; who was pushed out of
 *    it, and of whose group somebody was left when he was last looked for, is in staying until nobody is. Each member that finishes has two of
 *    those looked for, so staying has hardly more than twice as many as have somebody left, and each look costs the same.
 *  - n_running and n_queued are the numbers of members in these phases; n_finished counts those that have become over.
 *  - While pumping is TRUE one thread starts members until there is no room or none is left; all others leave that to it. So a start
 *    that fails at once, which is heard in the middle of it, does not begin another one inside of itself.
 *  - Something has failed exactly when failure is set, and on_failure was not to continue then.
 *  - ended is set from when it was closed on, and complete when pending is 0: closing holds one, and each shutdown that it began another.
 *
 * Who waits for all holds the children itself, so it misses none that leaves meanwhile.
 *
 * A link, which holds the scope and the child, waits for the exit of a child. It is gone when the child is over, or no member any more, so
 * an abandoned scope goes by itself, with the last of its children.
 */
typedef struct
{
  ProcstreamScopeCore *scope;
  ProcstreamChildCore *child;
} Link;

/* How many of those that stay are looked for each time: more than may begin to stay by then. */
#define LOOKS 2

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

static void
child_unref_cb (gpointer data)
{
  procstream_child_core_unref (data);
}

GPtrArray *
procstream_children_new (void)
{
  return g_ptr_array_new_with_free_func (child_unref_cb);
}

ProcstreamScopeCore *
procstream_scope_core_new (const ProcstreamScopeCoreOps *ops,
                           gpointer                      data)
{
  ProcstreamScopeCore *self = g_new0 (ProcstreamScopeCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_queue_init (&self->members);
  g_queue_init (&self->queue);
  g_queue_init (&self->finished);
  g_queue_init (&self->staying);
  self->by_child = g_hash_table_new (NULL, NULL);
  self->ops = ops;
  self->data = data;
  self->on_failure = PROCSTREAM_ON_FAILURE_CONTINUE;
  self->max_finished = PROCSTREAM_SCOPE_MAX_FINISHED;
  return self;
}

ProcstreamScopeCore *
procstream_scope_core_ref (ProcstreamScopeCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_scope_core_unref (ProcstreamScopeCore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->members.length == 0 && self->pending == 0);
  g_hash_table_unref (self->by_child);
  g_clear_pointer (&self->gone, g_ptr_array_unref);
  g_clear_pointer (&self->failed, g_ptr_array_unref);
  g_clear_pointer (&self->ended, procstream_waiters_unref);
  g_clear_error (&self->first_error);
  g_free (self->failure);
  self->ops->destroy (self->data);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
link_free (gpointer data)
{
  Link *self = data;

  procstream_child_core_unref (self->child);
  procstream_scope_core_unref (self->scope);
  g_free (self);
}

/* --- Members ------------------------------------------------------------------------------------------------------------------ */

static void
note (GPtrArray          **children,
      ProcstreamChildCore *child)
{
  if (*children == NULL)
    *children = procstream_children_new ();
  g_ptr_array_add (*children, procstream_child_core_ref (child));
}

static ProcstreamMember *
find_locked (ProcstreamScopeCore *self,
             ProcstreamChildCore *child)
{
  return g_hash_table_lookup (self->by_child, child);
}

static void
leave_queue_locked (ProcstreamMember *member)
{
  if (member->in)
    g_queue_unlink (g_steal_pointer (&member->in), &member->in_link);
}

static void
go_to_queue_locked (ProcstreamMember *member,
                    GQueue           *queue)
{
  leave_queue_locked (member);
  g_queue_push_tail_link (queue, &member->in_link);
  member->in = queue;
}

/* The caller has a reference to the child, and, for one that is not over, takes its function away. */
void
procstream_scope_core_drop_locked (ProcstreamScopeCore *self,
                                   ProcstreamMember    *member)
{
  if (!self->abandoned && member->phase != PROCSTREAM_MEMBER_CREATED)
    note (&self->gone, member->child);
  leave_queue_locked (member);
  g_queue_unlink (&self->members, &member->link);
  g_hash_table_remove (self->by_child, member->child);
  procstream_child_core_unref (member->child);
  g_free (member);
}

/* It leaves, if nobody of its group is left, or else stays until then. It is over. */
static void
push_out_locked (ProcstreamScopeCore *self,
                 ProcstreamMember    *member)
{
  if (member->could_not_start || procstream_child_core_is_gone (member->child))
    procstream_scope_core_drop_locked (self, member);
  else
    go_to_queue_locked (member, &self->staying);
}

/* Has at most @max_looks of those that stay looked for, those first that were not for the longest time. */
static void
trim_locked (ProcstreamScopeCore *self,
             guint                max_looks)
{
  for (guint n = MIN (max_looks, self->staying.length); n > 0; n--)
    push_out_locked (self, self->staying.head->data);
  while (self->finished.length > self->max_finished)
    push_out_locked (self, self->finished.head->data);
}

static const char *
get_name (ProcstreamChildCore *child)
{
  return procstream_child_core_get_options (child)->name;
}

static gboolean
check_open_locked (ProcstreamScopeCore *self,
                   const char          *name,
                   const char          *what_not, /* “started” or “added” */
                   GError             **error)
{
  if (self->closed)
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED,
                 "“%s” cannot be %s: its scope is closed", name, what_not);
  else if (self->failure)
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED,
                 "“%s” cannot be %s: “%s” has failed, and its scope starts nothing after that", name, what_not, self->failure);
  return !self->closed && !self->failure;
}

static void
set_removed (GError             **error,
             ProcstreamChildCore *child)
{
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED,
               "“%s” cannot be started: it was taken from its scope", get_name (child));
}

gboolean
procstream_scope_core_check_open (ProcstreamScopeCore *self,
                                  ProcstreamChildCore *child,
                                  GError             **error)
{
  gboolean open;

  g_mutex_lock (&self->mutex);
  open = check_open_locked (self, get_name (child), "started", error);
  g_mutex_unlock (&self->mutex);
  return open;
}

static gboolean
check_addable_locked (ProcstreamScopeCore *self,
                      ProcstreamChildCore *child,
                      GError             **error)
{
  if (!check_open_locked (self, get_name (child), "added", error))
    return FALSE;
  if (procstream_child_core_get_lifetime (child) != PROCSTREAM_LIFETIME_DETACHED)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” cannot be added to a scope: its lifetime is “detached”", get_name (child));
  return FALSE;
}

static ProcstreamMember *
new_member_locked (ProcstreamScopeCore  *self,
                   ProcstreamChildCore  *child,
                   ProcstreamMemberPhase phase)
{
  ProcstreamMember *member = g_new0 (ProcstreamMember, 1);

  member->child = procstream_child_core_ref (child);
  member->link.data = member;
  member->in_link.data = member;
  member->phase = phase;
  self->n_running += member->phase == PROCSTREAM_MEMBER_RUNNING;
  g_queue_push_tail_link (&self->members, &member->link);
  g_hash_table_insert (self->by_child, child, member);
  return member;
}

/* One that was refused, and for which nobody had asked, just leaves: it has neither run nor failed to. */
static void
finish_member_locked (ProcstreamScopeCore *self,
                      ProcstreamMember    *member,
                      gboolean             could_not_start)
{
  if (member->phase == PROCSTREAM_MEMBER_CREATED)
    {
      procstream_scope_core_drop_locked (self, member);
      return;
    }
  self->n_running -= member->phase == PROCSTREAM_MEMBER_RUNNING;
  self->n_queued -= member->phase == PROCSTREAM_MEMBER_QUEUED;
  self->n_finished++;
  member->phase = PROCSTREAM_MEMBER_OVER;
  member->could_not_start = could_not_start;
  go_to_queue_locked (member, &self->finished);
  if (could_not_start && member->from_queue && !self->abandoned)
    note (&self->failed, member->child);
  if (self->abandoned)
    procstream_scope_core_drop_locked (self, member);
  trim_locked (self, LOOKS);
}

static gboolean
add_locked (ProcstreamScopeCore *self,
            ProcstreamChildCore *child,
            GError             **error)
{
  ProcstreamChildState state;
  ProcstreamMember    *member;

  if (!check_addable_locked (self, child, error) || !procstream_child_core_set_scope (child, self, &state, error))
    return FALSE;
  member = new_member_locked (self, child, state == PROCSTREAM_CHILD_STATE_CREATED ? PROCSTREAM_MEMBER_CREATED : PROCSTREAM_MEMBER_RUNNING);
  /* Those who wait for its exit may be told only later. */
  if (state == PROCSTREAM_CHILD_STATE_EXITED || state == PROCSTREAM_CHILD_STATE_FAILED)
    finish_member_locked (self, member, state == PROCSTREAM_CHILD_STATE_FAILED);
  return TRUE;
}

/* It is queued and a member, or nothing has changed. */
static gboolean
enqueue_locked (ProcstreamScopeCore *self,
                ProcstreamChildCore *child,
                gboolean            *added,
                GError             **error)
{
  ProcstreamMember *member = find_locked (self, child);

  if (!(member ? check_open_locked (self, get_name (child), "started", error) : check_addable_locked (self, child, error)) ||
      !procstream_child_core_enqueue (child, member ? NULL : self, error))
    return FALSE;
  *added = member == NULL;
  if (member == NULL)
    member = new_member_locked (self, child, PROCSTREAM_MEMBER_QUEUED);
  member->phase = PROCSTREAM_MEMBER_QUEUED;
  member->from_queue = TRUE;
  go_to_queue_locked (member, &self->queue);
  self->n_queued++;
  return TRUE;
}

static void over_cb (gpointer      data,
                     const GError *error);

/* Outside of the lock, because it may be over by now. */
static void
watch (ProcstreamScopeCore *self,
       ProcstreamChildCore *child)
{
  Link             *link = g_new0 (Link, 1);
  ProcstreamMember *member;
  guint             id;

  link->scope = procstream_scope_core_ref (self);
  link->child = procstream_child_core_ref (child);
  id = procstream_waiters_add_func (procstream_child_core_get_exited (child), over_cb, link, link_free);
  g_mutex_lock (&self->mutex);
  member = find_locked (self, child);
  if (member)
    member->func_id = id;
  g_mutex_unlock (&self->mutex);
}

void
procstream_scope_core_tell (ProcstreamScopeCore *self)
{
  self->ops->changed (self->data);
}

gboolean
procstream_scope_core_add (ProcstreamScopeCore *self,
                           ProcstreamChildCore *child,
                           GError             **error)
{
  gboolean added;

  g_mutex_lock (&self->mutex);
  added = add_locked (self, child, error);
  g_mutex_unlock (&self->mutex);
  if (!added)
    return FALSE;
  watch (self, child);
  procstream_scope_core_tell (self);
  return TRUE;
}

gboolean
procstream_scope_core_enqueue (ProcstreamScopeCore *self,
                               ProcstreamChildCore *child,
                               gboolean            *added,
                               GError             **error)
{
  gboolean queued;

  *added = FALSE;
  if (procstream_child_core_get_options (child)->is_stage)
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                   "“%s” is a stage of a pipeline, which starts it", get_name (child));
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  queued = enqueue_locked (self, child, added, error);
  g_mutex_unlock (&self->mutex);
  if (!queued)
    return FALSE;
  if (*added)
    watch (self, child);
  procstream_scope_core_tell (self);
  return TRUE;
}

/* Together with its function, if it is in @phase. */
static gboolean
take_out (ProcstreamScopeCore  *self,
          ProcstreamChildCore  *child,
          ProcstreamMemberPhase phase)
{
  ProcstreamMember *member;
  guint             func_id = 0;
  gboolean          taken;

  g_mutex_lock (&self->mutex);
  member = find_locked (self, child);
  taken = member && member->phase == phase;
  if (taken)
    {
      func_id = member->func_id;
      procstream_scope_core_drop_locked (self, member);
    }
  g_mutex_unlock (&self->mutex);
  procstream_waiters_remove_func (procstream_child_core_get_exited (child), func_id);
  return taken;
}

static gboolean
is_member (ProcstreamScopeCore *self,
           ProcstreamChildCore *child)
{
  gboolean is;

  g_mutex_lock (&self->mutex);
  is = find_locked (self, child) != NULL;
  g_mutex_unlock (&self->mutex);
  return is;
}

gboolean
procstream_scope_core_remove (ProcstreamScopeCore *self,
                              ProcstreamChildCore *child,
                              GError             **error)
{
  g_autoptr (GError) removed = NULL;

  if (take_out (self, child, PROCSTREAM_MEMBER_OVER))
    {
      procstream_scope_core_tell (self);
      return TRUE;
    }
  if (take_out (self, child, PROCSTREAM_MEMBER_CREATED))
    {
      set_removed (&removed, child);
      procstream_child_core_refuse (child, PROCSTREAM_CHILD_STATE_CREATED, removed);
      self->ops->left (self->data, child);
      return TRUE;
    }
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
               is_member (self, child) ? "“%s” cannot be taken from its scope: it was started, or enqueued, and has not ended" : "“%s” cannot be taken from this scope: it is not its own",
               get_name (child));
  return FALSE;
}

void
procstream_scope_core_forget (ProcstreamScopeCore *self,
                              ProcstreamChildCore *child)
{
  if (take_out (self, child, PROCSTREAM_MEMBER_CREATED))
    self->ops->left (self->data, child);
}

/* --- Starting ----------------------------------------------------------------------------------------------------------------- */

gboolean
procstream_scope_core_claim (ProcstreamScopeCore *self,
                             ProcstreamChildCore *child,
                             GError             **error)
{
  ProcstreamMember *member;
  gboolean          claimed = FALSE;

  g_mutex_lock (&self->mutex);
  member = find_locked (self, child);
  if (check_open_locked (self, get_name (child), "started", error))
    {
      if (member)
        claimed = procstream_child_core_move (child, PROCSTREAM_CHILD_STATE_CREATED, PROCSTREAM_CHILD_STATE_STARTING, error);
      else
        set_removed (error, child);
    }
  if (claimed)
    {
      member->phase = PROCSTREAM_MEMBER_RUNNING;
      self->n_running++;
    }
  g_mutex_unlock (&self->mutex);
  if (claimed)
    {
      self->ops->claimed (self->data, child);
      procstream_scope_core_tell (self);
    }
  return claimed;
}

/* (transfer full) what is to be launched next; NULL: there is no room, or nothing. */
static ProcstreamChildCore *
take_next_locked (ProcstreamScopeCore *self)
{
  while (!self->closed && self->failure == NULL && self->queue.head &&
         (self->max_running == 0 || self->n_running < self->max_running))
    {
      ProcstreamMember *member = self->queue.head->data;

      leave_queue_locked (member);
      /* Otherwise somebody else is taking it out. */
      if (!procstream_child_core_move (member->child, PROCSTREAM_CHILD_STATE_QUEUED, PROCSTREAM_CHILD_STATE_STARTING, NULL))
        continue;
      member->phase = PROCSTREAM_MEMBER_RUNNING;
      self->n_queued--;
      self->n_running++;
      return procstream_child_core_ref (member->child);
    }
  return NULL;
}

void
procstream_scope_core_pump (ProcstreamScopeCore *self)
{
  ProcstreamChildCore *next;
  gboolean             started = FALSE;

  g_mutex_lock (&self->mutex);
  if (self->pumping)
    {
      g_mutex_unlock (&self->mutex);
      return;
    }
  self->pumping = TRUE;
  while ((next = take_next_locked (self)))
    {
      g_mutex_unlock (&self->mutex);
      procstream_child_core_tell_claimed (next);
      procstream_child_core_launch (next);
      procstream_child_core_unref (next);
      started = TRUE;
      g_mutex_lock (&self->mutex);
    }
  self->pumping = FALSE;
  g_mutex_unlock (&self->mutex);
  if (started)
    procstream_scope_core_tell (self);
}

/* --- Ending ------------------------------------------------------------------------------------------------------------------- */

static void
shut_down_all (GPtrArray *children)
{
  for (guint i = 0; i < children->len; i++)
    {
      ProcstreamChildCore *child = g_ptr_array_index (children, i);
      ProcstreamWaiters   *waiters;

      if (procstream_child_core_get_lifetime (child) == PROCSTREAM_LIFETIME_DETACHED)
        continue;
      waiters = procstream_child_core_shut_down (child, procstream_child_core_get_options (child)->shutdown,
                                                 PROCSTREAM_CAUSE_TERMINATED, NULL);
      g_clear_pointer (&waiters, procstream_waiters_unref);
    }
}

/* Who was ended on purpose by this program has not failed, and neither has who was not to be started any more. */
static gboolean
has_failed (ProcstreamChildCore *child,
            const GError        *error)
{
  ProcstreamResult *result = procstream_child_core_get_result (child);

  if (error)
    return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
           !g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED) &&
           !g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
  if (result == NULL || procstream_result_get_success (result))
    return FALSE;
  switch (procstream_result_get_cause (result))
    {
    case PROCSTREAM_CAUSE_TERMINATED:
    case PROCSTREAM_CAUSE_KILLED:
    case PROCSTREAM_CAUSE_CANCELLED:
    case PROCSTREAM_CAUSE_PARENT_EXIT:
      return FALSE;
    default:
      return TRUE;
    }
}

static void
over_cb (gpointer      data,
         const GError *error)
{
  Link                *link = data;
  ProcstreamScopeCore *self = link->scope;
  g_autoptr (GPtrArray) queued = NULL;
  g_autoptr (GPtrArray) running = NULL;
  gboolean          failed = has_failed (link->child, error);
  ProcstreamMember *member;

  g_mutex_lock (&self->mutex);
  member = find_locked (self, link->child);
  if (member && member->phase != PROCSTREAM_MEMBER_OVER)
    finish_member_locked (self, member, error != NULL);
  if (failed && self->on_failure != PROCSTREAM_ON_FAILURE_CONTINUE && self->failure == NULL && !self->closed)
    {
      self->failure = g_strdup (get_name (link->child));
      queued = procstream_scope_core_collect_locked (self, PROCSTREAM_MEMBER_QUEUED);
      if (self->on_failure == PROCSTREAM_ON_FAILURE_SHUT_DOWN_OTHERS)
        running = procstream_scope_core_collect_locked (self, PROCSTREAM_MEMBER_RUNNING);
    }
  g_mutex_unlock (&self->mutex);
  if (queued)
    procstream_scope_core_refuse_all (self, queued, PROCSTREAM_CHILD_STATE_QUEUED);
  if (running)
    shut_down_all (running);
  procstream_scope_core_tell (self);
  procstream_scope_core_pump (self);
}

/* --- What is known ------------------------------------------------------------------------------------------------------------ */

void
procstream_scope_core_get_facts (ProcstreamScopeCore  *self,
                                 ProcstreamScopeFacts *facts)
{
  procstream_platform_lock_to_read (&self->mutex);
  *facts = (ProcstreamScopeFacts){
    .n_running = self->n_running,
    .n_queued = self->n_queued,
    .n_finished = self->n_finished,
    .closed = self->closed,
    .max_running = self->max_running,
    .on_failure = self->on_failure,
    .max_finished = self->max_finished,
  };
  procstream_platform_unlock_to_read (&self->mutex);
}

void
procstream_scope_core_set_max_running (ProcstreamScopeCore *self,
                                       guint                max_running)
{
  g_mutex_lock (&self->mutex);
  self->max_running = max_running;
  g_mutex_unlock (&self->mutex);
  procstream_scope_core_pump (self);
}

void
procstream_scope_core_set_on_failure (ProcstreamScopeCore *self,
                                      ProcstreamOnFailure  on_failure)
{
  g_mutex_lock (&self->mutex);
  self->on_failure = on_failure;
  g_mutex_unlock (&self->mutex);
}

void
procstream_scope_core_set_max_finished (ProcstreamScopeCore *self,
                                        guint                max_finished)
{
  g_mutex_lock (&self->mutex);
  self->max_finished = max_finished;
  trim_locked (self, G_MAXUINT);
  g_mutex_unlock (&self->mutex);
  procstream_scope_core_tell (self);
}

GPtrArray *
procstream_scope_core_dup_children (ProcstreamScopeCore *self)
{
  GPtrArray *children = procstream_children_new ();

  g_mutex_lock (&self->mutex);
  for (GList *at = self->members.head; at; at = at->next)
    g_ptr_array_add (children, procstream_child_core_ref (((ProcstreamMember *) at->data)->child));
  g_mutex_unlock (&self->mutex);
  return children;
}

static GPtrArray *
steal (ProcstreamScopeCore *self,
       GPtrArray          **children)
{
  GPtrArray *stolen;

  g_mutex_lock (&self->mutex);
  stolen = g_steal_pointer (children);
  g_mutex_unlock (&self->mutex);
  return stolen ? stolen : procstream_children_new ();
}

GPtrArray *
procstream_scope_core_steal_gone (ProcstreamScopeCore *self)
{
  return steal (self, &self->gone);
}

GPtrArray *
procstream_scope_core_steal_failed (ProcstreamScopeCore *self)
{
  return steal (self, &self->failed);
}
