/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-hold.h"

#include "procstream-io-thread-private.h"

static gboolean
hold_cb (gpointer data)
{
  TestHold *self = data;

  g_mutex_lock (&self->mutex);
  self->held = TRUE;
  g_cond_broadcast (&self->cond);
  while (!self->let_go)
    g_cond_wait (&self->cond, &self->mutex);
  self->held = FALSE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  return G_SOURCE_REMOVE;
}

void
test_hold_begin (TestHold *self)
{
  *self = (TestHold){ 0 };
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  procstream_io_thread_invoke (hold_cb, self, NULL);
  g_mutex_lock (&self->mutex);
  while (!self->held)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

void
test_hold_end (TestHold *self)
{
  g_mutex_lock (&self->mutex);
  self->let_go = TRUE;
  g_cond_broadcast (&self->cond);
  while (self->held)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
}

void
test_hold_pass (void)
{
  TestHold hold;

  test_hold_begin (&hold);
  test_hold_end (&hold);
}
