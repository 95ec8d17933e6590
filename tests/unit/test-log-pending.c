/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-log-pending-private.h"

/* Compared with a queue of who gave what, on random histories. */

#define N_FEEDS 3

typedef struct
{
  ProcstreamLogPending *pending;
  gint                 *muted[N_FEEDS];
  GQueue                lines; /* of feed and value, in one number */
  guint64               first;
} Fixture;

static guint
make_line (guint feed,
           guint value)
{
  return value * N_FEEDS + feed;
}

static void
append (Fixture *self,
        guint    feed,
        guint    value)
{
  guint                line = make_line (feed, value);
  ProcstreamStoredLine stored = { .data = (const guint8 *) &line, .size = sizeof line };

  procstream_log_pending_append (self->pending, self->muted[feed], &stored);
  g_queue_push_tail (&self->lines, GUINT_TO_POINTER (line));
}

static void
trim (Fixture *self,
      guint    max_lines)
{
  guint64 dropped = procstream_log_pending_trim (self->pending, max_lines, G_MAXUINT64);

  for (guint64 i = 0; i < dropped; i++)
    g_queue_pop_head (&self->lines);
  g_assert_cmpuint (self->lines.length, <=, max_lines);
  self->first += dropped;
}

/* Another one follows it. */
static void
mute (Fixture *self,
      guint    feed,
      guint64  first)
{
  ProcstreamLogPending *left;
  GList                *next;

  g_assert_false (procstream_log_pending_has_muted (self->pending));
  g_atomic_int_set (self->muted[feed], TRUE);
  left = procstream_log_pending_dup_audible (self->pending, first);
  g_assert_false (procstream_log_pending_has_muted (left));
  g_atomic_rc_box_release (self->muted[feed]);
  self->muted[feed] = g_atomic_rc_box_new0 (gint);
  procstream_log_pending_free (self->pending);
  self->pending = left;
  self->first = first;
  for (GList *at = self->lines.head; at; at = next)
    {
      next = at->next;
      if (GPOINTER_TO_UINT (at->data) % N_FEEDS == feed)
        g_queue_delete_link (&self->lines, at);
    }
}

static void
assert_same (Fixture *self)
{
  ProcstreamLineStore *store = procstream_log_pending_get_store (self->pending);
  guint64              id = self->first;

  g_assert_cmpuint (procstream_line_store_get_first (store), ==, self->first);
  g_assert_cmpuint (procstream_line_store_get_end (store), ==, self->first + self->lines.length);
  for (GList *at = self->lines.head; at; at = at->next)
    {
      guint                line = GPOINTER_TO_UINT (at->data);
      ProcstreamStoredLine stored;

      g_assert_true (procstream_line_store_lookup (store, id++, &stored));
      g_assert_cmpmem (stored.data, stored.size, &line, sizeof line);
    }
}

static void
test_random (void)
{
  Fixture fixture = { .pending = procstream_log_pending_new (7), .first = 7 };
  guint   value = 0;

  for (guint i = 0; i < N_FEEDS; i++)
    fixture.muted[i] = g_atomic_rc_box_new0 (gint);
  for (int i = 0; i < 3000; i++)
    {
      guint feed = g_test_rand_int_range (0, N_FEEDS);

      switch (g_test_rand_int_range (0, 20))
        {
        case 0:
          mute (&fixture, feed, fixture.first + g_test_rand_int_range (0, 3));
          break;
        case 1:
        case 2:
          trim (&fixture, g_test_rand_int_range (0, 8));
          break;
        default:
          for (int n = g_test_rand_int_range (0, 4); n > 0; n--)
            append (&fixture, feed, value++);
        }
      assert_same (&fixture);
    }
  procstream_log_pending_free (fixture.pending);
  for (guint i = 0; i < N_FEEDS; i++)
    g_atomic_rc_box_release (fixture.muted[i]);
  g_queue_clear (&fixture.lines);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log-pending/random", test_random);
  return g_test_run ();
}
