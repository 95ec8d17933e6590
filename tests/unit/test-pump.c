/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pump-private.h"

#include "test-utils.h"

/* The owner of a pump: counts, and stops in its work while it is told to. */
typedef struct
{
  ProcstreamPump  pump;
  gatomicrefcount ref_count;
  GThread        *creator;
  GMutex          mutex;
  GCond           cond;
  gboolean        hold;
  guint           more; /* so many times it says that there is more to do */
  guint           entered;
  guint           inside;
  guint           most_inside;
  gboolean        in_creator;
} Owner;

static gpointer
owner_ref (gpointer data)
{
  Owner *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
owner_unref (gpointer data)
{
  Owner *self = data;

  g_mutex_lock (&self->mutex);
  g_atomic_ref_count_dec (&self->ref_count);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static gboolean
work_cb (gpointer          data,
         ProcstreamBudget *budget)
{
  Owner   *self = data;
  gboolean more;

  g_mutex_lock (&self->mutex);
  self->entered++;
  self->in_creator = g_thread_self () == self->creator;
  self->inside++;
  self->most_inside = MAX (self->most_inside, self->inside);
  g_cond_broadcast (&self->cond);
  while (self->hold)
    g_cond_wait (&self->cond, &self->mutex);
  self->inside--;
  more = self->more > 0;
  if (more)
    self->more--;
  g_mutex_unlock (&self->mutex);
  return more;
}

static void
owner_init (Owner *self)
{
  *self = (Owner){ .creator = g_thread_self () };
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  procstream_pump_init (&self->pump, "test-pump", work_cb, self, owner_ref, owner_unref);
}

/* Until no worker is about to do anything. */
static void
owner_clear (Owner *self)
{
  g_mutex_lock (&self->mutex);
  while (!g_atomic_ref_count_compare (&self->ref_count, 1))
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  procstream_pump_clear (&self->pump);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
}

static void
owner_await_entered (Owner *self,
                     guint  n)
{
  g_mutex_lock (&self->mutex);
  while (self->entered < n)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

static void
owner_set_hold (Owner   *self,
                gboolean hold)
{
  g_mutex_lock (&self->mutex);
  self->hold = hold;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* Each wake counts; those that come while it works are one, after it. */
static void
test_wakes (void)
{
  Owner owner;

  owner_init (&owner);
  procstream_pump_wake (&owner.pump);
  owner_await_entered (&owner, 1);
  g_assert_false (owner.in_creator);
  owner_set_hold (&owner, TRUE);
  procstream_pump_wake (&owner.pump);
  owner_await_entered (&owner, 2);
  for (int i = 0; i < 10; i++)
    procstream_pump_wake (&owner.pump);
  owner_set_hold (&owner, FALSE);
  owner_await_entered (&owner, 3);
  owner_clear (&owner);
  g_assert_cmpuint (owner.entered, ==, 3);
  g_assert_cmpuint (owner.most_inside, ==, 1);
}

static void
test_more (void)
{
  Owner owner;

  owner_init (&owner);
  owner.more = 5;
  procstream_pump_wake (&owner.pump);
  owner_await_entered (&owner, 6);
  owner_clear (&owner);
  g_assert_cmpuint (owner.entered, ==, 6);
}

static gpointer
wake_often (gpointer data)
{
  Owner *self = data;

  for (int i = 0; i < 10000; i++)
    procstream_pump_wake (&self->pump);
  return NULL;
}

/* From several threads at once, and never two at work. */
static void
test_many_wakers (void)
{
  GThread *threads[4];
  Owner    owner;
  guint    before;

  owner_init (&owner);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("waker", wake_often, &owner);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  before = owner.entered;
  procstream_pump_wake (&owner.pump);
  owner_await_entered (&owner, before + 1);
  owner_clear (&owner);
  g_assert_cmpuint (owner.most_inside, ==, 1);
}

/* In a context it works there and nowhere else, and not at all once that was released. */
static void
test_context (void)
{
  Owner owner;

  owner_init (&owner);
  procstream_pump_use_context (&owner.pump, g_main_context_default ());
  owner.more = 2;
  procstream_pump_wake (&owner.pump);
  g_assert_cmpuint (owner.entered, ==, 0);
  while (owner.entered < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (owner.in_creator);
  procstream_pump_release_context (&owner.pump);
  procstream_pump_wake (&owner.pump);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (owner.entered, ==, 3);
  owner_clear (&owner);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/pump/wakes", test_wakes);
  g_test_add_func ("/pump/more", test_more);
  g_test_add_func ("/pump/many-wakers", test_many_wakers);
  g_test_add_func ("/pump/context", test_context);
  return g_test_run ();
}
