/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-task-private.h"

/*
 * GTask itself may be completed from any thread, but then the caller still has its reference while the task's context may already
 * have run the callback and dropped the others: the last one would go in the caller's thread, and with it the source object and
 * the callback's data. So the task travels, with its result, in a source of its context, and is returned there.
 */
typedef struct
{
  GTask         *task;
  GError        *error; /* or: */
  gpointer       pointer;
  GDestroyNotify destroy;
  gboolean       is_boolean;
  gboolean       boolean;
} Completion;

static gboolean
complete_cb (gpointer user_data)
{
  Completion *self = user_data;

  if (self->error)
    g_task_return_error (self->task, g_steal_pointer (&self->error));
  else if (self->is_boolean)
    g_task_return_boolean (self->task, self->boolean);
  else
    g_task_return_pointer (self->task, g_steal_pointer (&self->pointer), g_steal_pointer (&self->destroy));
  return G_SOURCE_REMOVE;
}

/* Called where complete_cb was, or, when it never was, where the context goes away. */
static void
completion_free (gpointer data)
{
  Completion *self = data;

  if (self->destroy && self->pointer)
    self->destroy (self->pointer);
  g_clear_error (&self->error);
  g_object_unref (self->task);
  g_free (self);
}

static void
complete (const Completion *completion)
{
  GTask *task = completion->task;
  /* Let go of last, that is, declared first: the callback may have dropped the context already, and unreferencing a source that was
   * attached locks it. */
  g_autoptr (GMainContext) context = g_main_context_ref (g_task_get_context (task));
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_static_name (source, "procstream-task");
  g_source_set_callback (source, complete_cb, g_memdup2 (completion, sizeof *completion), completion_free);
  g_source_attach (source, context);
}

void
procstream_task_return_boolean (GTask   *task,
                                gboolean value)
{
  complete (&(Completion){ .task = task, .is_boolean = TRUE, .boolean = value });
}

void
procstream_task_return_pointer (GTask         *task,
                                gpointer       value,
                                GDestroyNotify destroy)
{
  complete (&(Completion){ .task = task, .pointer = value, .destroy = destroy });
}

void
procstream_task_return_error (GTask  *task,
                              GError *error)
{
  complete (&(Completion){ .task = task, .error = error });
}
