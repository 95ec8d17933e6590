/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-scope-record-private.h"

/* How a scope ends its children; see the essay in procstream-scope-core.c. */

GPtrArray *
procstream_scope_core_collect_locked (ProcstreamScopeCore  *self,
                                      ProcstreamMemberPhase phase)
{
  GPtrArray *children = procstream_children_new ();

  for (GList *at = self->members.head; at; at = at->next)
    if (((ProcstreamMember *) at->data)->phase == phase)
      g_ptr_array_add (children, procstream_child_core_ref (((ProcstreamMember *) at->data)->child));
  return children;
}

void
procstream_scope_core_refuse_all (ProcstreamScopeCore *self,
                                  GPtrArray           *children,
                                  ProcstreamChildState state)
{
  for (guint i = 0; i < children->len; i++)
    {
      ProcstreamChildCore *child = g_ptr_array_index (children, i);
      g_autoptr (GError) error = NULL;

      procstream_scope_core_check_open (self, child, &error);
      procstream_child_core_refuse (child, state, error);
    }
}

/* --- Closing ------------------------------------------------------------------------------------------------------------------ */

static void
take_one_off (ProcstreamScopeCore *self,
              const GError        *error)
{
  g_autoptr (GError) all = NULL;
  gboolean last;

  g_mutex_lock (&self->mutex);
  if (error && self->n_errors++ == 0)
    self->first_error = g_error_copy (error);
  last = --self->pending == 0;
  if (last && self->first_error)
    {
      all = g_error_copy (self->first_error);
      if (self->n_errors > 1)
        {
          g_free (all->message);
          all->message = g_strdup_printf ("%s; and %u more children could not be ended", self->first_error->message, self->n_errors - 1);
        }
    }
  g_mutex_unlock (&self->mutex);
  if (!last)
    return;
  procstream_waiters_complete (self->ended, all);
  procstream_scope_core_tell (self);
}

static void
ended_cb (gpointer      data,
          const GError *error)
{
  take_one_off (data, error);
}

static void
unref_cb (gpointer data)
{
  procstream_scope_core_unref (data);
}

/* (transfer full) what to wait for; NULL: nothing. A shutdown that is under way takes no longer than this one would. */
static ProcstreamWaiters *
end_one (ProcstreamChildCore    *child,
         ProcstreamShutdownPlan *plan)
{
  if (procstream_child_core_get_lifetime (child) == PROCSTREAM_LIFETIME_DETACHED || procstream_child_core_is_gone (child))
    return NULL;
  return procstream_child_core_shut_down_by (child, plan ? plan : procstream_child_core_get_options (child)->shutdown,
                                             PROCSTREAM_CAUSE_TERMINATED);
}

/* @wait: whether the end of the scope is that of these. */
static void
end_all (ProcstreamScopeCore    *self,
         GPtrArray              *children,
         ProcstreamShutdownPlan *plan,
         gboolean                wait)
{
  for (guint i = 0; i < children->len; i++)
    {
      ProcstreamWaiters *waiters = end_one (g_ptr_array_index (children, i), plan);

      if (waiters && wait)
        {
          g_mutex_lock (&self->mutex);
          self->pending++;
          g_mutex_unlock (&self->mutex);
          procstream_waiters_add_func (waiters, ended_cb, procstream_scope_core_ref (self), unref_cb);
        }
      g_clear_pointer (&waiters, procstream_waiters_unref);
    }
}

ProcstreamWaiters *
procstream_scope_core_close (ProcstreamScopeCore    *self,
                             ProcstreamShutdownPlan *plan)
{
  g_autoptr (GPtrArray) created = NULL;
  g_autoptr (GPtrArray) queued = NULL;
  g_autoptr (GPtrArray) running = NULL;
  g_autoptr (GPtrArray) over = NULL;
  ProcstreamWaiters *ended;

  g_mutex_lock (&self->mutex);
  if (!self->closed)
    {
      self->closed = TRUE;
      self->ended = procstream_waiters_new ();
      self->pending = 1;
      created = procstream_scope_core_collect_locked (self, PROCSTREAM_MEMBER_CREATED);
      queued = procstream_scope_core_collect_locked (self, PROCSTREAM_MEMBER_QUEUED);
      running = procstream_scope_core_collect_locked (self, PROCSTREAM_MEMBER_RUNNING);
      over = procstream_scope_core_collect_locked (self, PROCSTREAM_MEMBER_OVER);
    }
  ended = procstream_waiters_ref (self->ended);
  g_mutex_unlock (&self->mutex);
  if (created)
    {
      procstream_scope_core_refuse_all (self, created, PROCSTREAM_CHILD_STATE_CREATED);
      procstream_scope_core_refuse_all (self, queued, PROCSTREAM_CHILD_STATE_QUEUED);
      end_all (self, running, plan, TRUE);
      /* Of whose group somebody may be left. */
      end_all (self, over, plan, TRUE);
      procstream_scope_core_tell (self);
      take_one_off (self, NULL);
    }
  return ended;
}

/* One that is closed already may be in the middle of gentle shutdowns, which this cuts short. */
static void
kill_all (ProcstreamScopeCore    *self,
          ProcstreamMemberPhase   phase,
          ProcstreamShutdownPlan *kill)
{
  g_autoptr (GPtrArray) children = NULL;

  g_mutex_lock (&self->mutex);
  children = procstream_scope_core_collect_locked (self, phase);
  g_mutex_unlock (&self->mutex);
  end_all (self, children, kill, FALSE);
}

void
procstream_scope_core_abort (ProcstreamScopeCore *self)
{
  g_autoptr (ProcstreamShutdownPlan) kill = procstream_shutdown_plan_new_kill ();

  procstream_waiters_unref (procstream_scope_core_close (self, kill));
  kill_all (self, PROCSTREAM_MEMBER_RUNNING, kill);
  kill_all (self, PROCSTREAM_MEMBER_OVER, kill);
}

/* Those that are over, and those that are never to be started by who else has them in hand, without their functions. */
static void
let_go_of_idle (ProcstreamScopeCore *self)
{
  g_autoptr (GPtrArray) children = procstream_children_new ();
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint));
  GList *next;

  g_mutex_lock (&self->mutex);
  self->abandoned = TRUE;
  for (GList *at = self->members.head; at; at = next)
    {
      ProcstreamMember *member = at->data;

      next = at->next;
      if (member->phase != PROCSTREAM_MEMBER_CREATED && member->phase != PROCSTREAM_MEMBER_OVER)
        continue;
      g_ptr_array_add (children, procstream_child_core_ref (member->child));
      g_array_append_val (ids, member->func_id);
      procstream_scope_core_drop_locked (self, member);
    }
  g_clear_pointer (&self->gone, g_ptr_array_unref);
  g_clear_pointer (&self->failed, g_ptr_array_unref);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < children->len; i++)
    procstream_waiters_remove_func (procstream_child_core_get_exited (g_ptr_array_index (children, i)), g_array_index (ids, guint, i));
}

void
procstream_scope_core_abandon (ProcstreamScopeCore    *self,
                               ProcstreamShutdownPlan *plan)
{
  procstream_waiters_unref (procstream_scope_core_close (self, plan));
  let_go_of_idle (self);
}
