/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-terminator-private.h"

#include <errno.h>
#include <signal.h>

/* A child that is only told of: what is done to it is written down, and each test says what comes of that. The clock is a number. */
typedef struct
{
  ProcstreamRemains remains;
  GString          *log;
  int               errsv;      /* what signals are answered with */
  gboolean          kill_works; /* all the same */
  int               ends_at;    /* the signal that it ends at once of, 0: none */
  ProcstreamRemains left;       /* what is left then */
  guint             max_kills;  /* so many kills do not end it */
  gboolean          no_input;
  gint64            now_us;

  ProcstreamShutdown   *shutdown;
  ProcstreamTerminator *terminator;
} World;

static int
send_signal_cb (gpointer               data,
                int                    signum,
                ProcstreamSignalTarget target)
{
  World           *world = data;
  g_autofree char *name = procstream_signal_name (signum);

  g_string_append_printf (world->log, "%s%s ", name, target == PROCSTREAM_SIGNAL_TARGET_LEADER ? "(leader)" : "");
  if (world->errsv && !(world->kill_works && signum == SIGKILL))
    return world->errsv;
  if (signum == SIGKILL && world->max_kills > 0)
    world->max_kills--;
  else if (signum == SIGKILL)
    world->remains = PROCSTREAM_REMAINS_NOBODY;
  else if (signum == world->ends_at)
    world->remains = world->left;
  return 0;
}

static int
close_input_cb (gpointer data)
{
  World *world = data;

  g_string_append (world->log, "close ");
  return world->no_input ? EBADF : 0;
}

static int
write_input_cb (gpointer data,
                GBytes  *bytes)
{
  World *world = data;

  g_string_append_printf (world->log, "write(%" G_GSIZE_FORMAT ") ", g_bytes_get_size (bytes));
  return world->no_input ? EPIPE : 0;
}

static ProcstreamRemains
look_cb (gpointer data)
{
  World *world = data;

  return world->remains;
}

static const ProcstreamTerminatorOps ops = { send_signal_cb, close_input_cb, write_input_cb, look_cb };

static void
world_init (World              *world,
            ProcstreamShutdown *shutdown)
{
  *world = (World){ .log = g_string_new (NULL), .left = PROCSTREAM_REMAINS_NOBODY, .shutdown = shutdown, .now_us = 1000000 };
}

static void
world_clear (World *world)
{
  g_string_free (world->log, TRUE);
  g_clear_pointer (&world->terminator, procstream_terminator_free);
  g_object_unref (world->shutdown);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (World, world_clear)

static gint64
world_step (World *world)
{
  return procstream_terminator_step (world->terminator, world->now_us);
}

static gint64
world_begin (World *world)
{
  g_autoptr (ProcstreamShutdownPlan) plan = procstream_shutdown_plan_new (world->shutdown, NULL);

  g_assert_nonnull (plan);
  world->terminator = procstream_terminator_new (plan, &ops, world);
  return world_step (world);
}

/* Only the clock goes on, from one due time to the next. */
static ProcstreamTerminatorState
world_run (World *world)
{
  gint64 next = world_begin (world);

  while (next >= 0)
    {
      g_assert_cmpint (next, >, world->now_us);
      world->now_us = next;
      next = world_step (world);
    }
  return procstream_terminator_get_state (world->terminator);
}

static const ProcstreamShutdownTry *
get_try (World *world,
         guint  i)
{
  const GArray *tries = procstream_terminator_get_tries (world->terminator);

  g_assert_cmpuint (i, <, tries->len);
  return &g_array_index (tries, ProcstreamShutdownTry, i);
}

/* --- Phases ------------------------------------------------------------------------------------------------------------------- */

static void
test_gone_before (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_default ());
  world.remains = PROCSTREAM_REMAINS_NOBODY;
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_GONE);
  g_assert_cmpstr (world.log->str, ==, "");
  g_assert_cmpint (procstream_terminator_get_phase (world.terminator), ==, -1);
}

static void
test_all_phases (void)
{
  g_auto (World) world = { 0 };
  const ProcstreamShutdownTry *facts;

  world_init (&world, procstream_shutdown_new_interrupt_terminate (1000, 2000));
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_GONE);
  g_assert_cmpstr (world.log->str, ==, "SIGINT SIGCONT SIGTERM SIGCONT SIGKILL ");
  g_assert_cmpint (world.now_us, ==, 1000000 + 3000000);
  g_assert_cmpint (procstream_terminator_get_phase (world.terminator), ==, 2);
  facts = get_try (&world, 1);
  g_assert_cmpint (facts->signum, ==, SIGTERM);
  g_assert_cmpuint (facts->phase, ==, 1);
  g_assert_cmpint (facts->time_us, ==, 1000000);
  g_assert_cmpint (facts->errsv, ==, 0);
  facts = get_try (&world, 2);
  g_assert_cmpint (facts->action, ==, PROCSTREAM_SHUTDOWN_ACTION_KILL);
  g_assert_cmpuint (facts->round, ==, 1);
}

/* The exit is told of by a step, in whatever phase, and ends it. */
static void
test_exit_in_phase (gconstpointer data)
{
  static const char *const logs[] = { "SIGINT SIGCONT ", "SIGINT SIGCONT SIGTERM SIGCONT ", "SIGINT SIGCONT SIGTERM SIGCONT SIGKILL " };
  int                      phase = GPOINTER_TO_INT (data);
  g_auto (World) world = { 0 };
  gint64 next;

  world_init (&world, procstream_shutdown_new_interrupt_terminate (1000, 2000));
  world.max_kills = 1000;
  next = world_begin (&world);
  while (procstream_terminator_get_phase (world.terminator) < phase)
    {
      world.now_us = next;
      next = world_step (&world);
    }
  world.now_us += 10;
  world.remains = PROCSTREAM_REMAINS_NOBODY;
  g_assert_cmpint (world_step (&world), ==, -1);
  g_assert_cmpint (procstream_terminator_get_state (world.terminator), ==, PROCSTREAM_TERMINATOR_GONE);
  g_assert_cmpstr (world.log->str, ==, logs[phase]);
  g_assert_cmpint (world_step (&world), ==, -1);
  g_assert_cmpstr (world.log->str, ==, logs[phase]);
}

/* An early step, for whatever reason, changes nothing. */
static void
test_early_steps (void)
{
  g_auto (World) world = { 0 };
  gint64 next;

  world_init (&world, procstream_shutdown_new_terminate (1000));
  next = world_begin (&world);
  for (int i = 0; i < 5; i++)
    {
      world.now_us += 1;
      g_assert_cmpint (world_step (&world), ==, next);
    }
  g_assert_cmpstr (world.log->str, ==, "SIGTERM SIGCONT ");
}

/* However fast the child would have ended. */
static void
test_zero_grace (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_terminate (0));
  world.ends_at = SIGTERM;
  world_begin (&world);
  g_assert_cmpstr (world.log->str, ==, "SIGTERM SIGCONT SIGKILL ");
  g_assert_cmpint (procstream_terminator_get_state (world.terminator), ==, PROCSTREAM_TERMINATOR_GONE);
}

static void
test_input (gconstpointer data)
{
  g_auto (World) world = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("quit\n", 5);

  world_init (&world, procstream_shutdown_new ());
  procstream_shutdown_add_write (world.shutdown, bytes, 1000);
  procstream_shutdown_add_close_stdin (world.shutdown, 1000);
  procstream_shutdown_add_signal (world.shutdown, SIGHUP, PROCSTREAM_SIGNAL_TARGET_LEADER, 1000);
  world.no_input = GPOINTER_TO_INT (data);
  world_run (&world);
  g_assert_cmpstr (world.log->str, ==, "write(5) close SIGHUP(leader) SIGCONT(leader) SIGKILL ");
  /* Where there is nothing to wait for, nothing is waited for. */
  g_assert_cmpint (world.now_us, ==, world.no_input ? 2000000 : 4000000);
  g_assert_cmpint (get_try (&world, 0)->errsv, ==, world.no_input ? EPIPE : 0);
  g_assert_cmpint (get_try (&world, 1)->errsv, ==, world.no_input ? EBADF : 0);
}

static void
test_stop_stays_stopped (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new ());
  procstream_shutdown_add_signal (world.shutdown, SIGSTOP, PROCSTREAM_SIGNAL_TARGET_GROUP, 10);
  procstream_shutdown_add_signal (world.shutdown, SIGCONT, PROCSTREAM_SIGNAL_TARGET_GROUP, 10);
  world_run (&world);
  g_assert_cmpstr (world.log->str, ==, "SIGSTOP SIGCONT SIGKILL ");
}

/* --- What cannot be sent, and who stays --------------------------------------------------------------------------------------- */

static void
test_refused (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_interrupt_terminate (60000, 60000));
  procstream_shutdown_set_kill_timeout_ms (world.shutdown, 500);
  world.errsv = EPERM;
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_LEFT);
  g_assert_cmpstr (world.log->str, ==, "SIGINT SIGTERM SIGKILL ");
  /* A tenth of a second for each signal that could not be sent, and the bound of the kill. */
  g_assert_cmpint (world.now_us, ==, 1000000 + 100000 + 100000 + 500000);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (get_try (&world, i)->errsv, ==, EPERM);
}

/* Nothing is known of it, and no signal can be sent: each phase is tried in its turn all the same, and the kill ends it. */
static void
test_refused_but_the_kill (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_interrupt_terminate (60000, 60000));
  world.remains = PROCSTREAM_REMAINS_UNKNOWN;
  world.errsv = EPERM;
  world.kill_works = TRUE;
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_GONE);
  g_assert_cmpstr (world.log->str, ==, "SIGINT SIGTERM SIGKILL ");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (get_try (&world, i)->errsv, ==, i < 2 ? EPERM : 0);
}

/* A leader that cannot be killed is given up after the bound. */
static void
test_unkillable (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_kill ());
  procstream_shutdown_set_kill_timeout_ms (world.shutdown, 700);
  world.max_kills = 1000;
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_LEFT);
  g_assert_cmpint (world.now_us, ==, 1700000);
  g_assert_cmpstr (world.log->str, ==, "SIGKILL ");
}

static guint
count_kills (World *world)
{
  guint n = 0;

  for (const char *at = world->log->str; (at = strstr (at, "SIGKILL")); at++)
    n++;
  return n;
}

/* Whoever the leader leaves has the rest of the grace, and is then killed, in rounds. */
static void
test_members (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_terminate (1000));
  world.ends_at = SIGTERM;
  world.left = PROCSTREAM_REMAINS_MEMBERS;
  world.max_kills = 7;
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_GONE);
  g_assert_cmpuint (count_kills (&world), ==, 8);
  g_assert_cmpint (get_try (&world, 1)->time_us, ==, 1000000);
  g_assert_cmpuint (get_try (&world, 8)->round, ==, 8);
}

static void
test_members_go_in_grace (void)
{
  g_auto (World) world = { 0 };
  gint64 next;

  world_init (&world, procstream_shutdown_new_terminate (60000));
  world.ends_at = SIGTERM;
  world.left = PROCSTREAM_REMAINS_MEMBERS;
  next = world_begin (&world);
  /* They are not announced, so they are looked at. */
  g_assert_cmpint (next, <, world.now_us + 10000);
  world.now_us = next;
  world.remains = PROCSTREAM_REMAINS_NOBODY;
  g_assert_cmpint (world_step (&world), ==, -1);
  g_assert_cmpstr (world.log->str, ==, "SIGTERM SIGCONT ");
}

/* A group that keeps starting members is not killed for ever. */
static void
test_endless_members (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_kill ());
  procstream_shutdown_set_kill_timeout_ms (world.shutdown, 60000);
  world.remains = PROCSTREAM_REMAINS_MEMBERS;
  world.max_kills = 1000000;
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_LEFT);
  g_assert_cmpuint (count_kills (&world), ==, 50);
  g_assert_cmpint (world.now_us, ==, 61000000);
}

/* On an old kernel, once the leader is gone: they may go by themselves within the grace; then they are reported at once. */
static void
test_unreachable (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_terminate (1000));
  world.remains = PROCSTREAM_REMAINS_UNREACHABLE;
  world.errsv = ESRCH;
  world.errsv = ESRCH;
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_LEFT);
  g_assert_cmpstr (world.log->str, ==, "SIGTERM SIGKILL ");
  g_assert_cmpint (world.now_us, <, 1200000);
}

/* Killed together with the leader, they take a moment. */
static void
test_unreachable_killed (void)
{
  g_auto (World) world = { 0 };
  gint64 next;

  world_init (&world, procstream_shutdown_new_kill ());
  world.max_kills = 1;
  next = world_begin (&world);
  world.now_us += 10;
  world.remains = PROCSTREAM_REMAINS_UNREACHABLE;
  next = world_step (&world);
  g_assert_cmpint (next, >, world.now_us);
  world.now_us = next;
  world.remains = PROCSTREAM_REMAINS_NOBODY;
  g_assert_cmpint (world_step (&world), ==, -1);
  g_assert_cmpint (procstream_terminator_get_state (world.terminator), ==, PROCSTREAM_TERMINATOR_GONE);
}

/* --- Cut short ---------------------------------------------------------------------------------------------------------------- */

static void
assert_begun (World *world,
              guint  first,
              guint  last)
{
  const GArray *begun = procstream_terminator_get_begun (world->terminator);

  g_assert_cmpuint (g_array_index (begun, guint, 0), ==, first);
  g_assert_cmpuint (g_array_index (begun, guint, begun->len - 1), ==, last);
}

/* The phases in between are left out, and are not said to have begun. */
static void
test_kill_by (void)
{
  g_auto (World) world = { 0 };
  gint64 next;

  world_init (&world, procstream_shutdown_new_interrupt_terminate (60000, 60000));
  next = world_begin (&world);
  g_assert_cmpint (next, ==, 61000000);
  procstream_terminator_set_kill_by (world.terminator, 1500000);
  procstream_terminator_set_kill_by (world.terminator, 9000000);
  world.now_us += 10;
  next = world_step (&world);
  g_assert_cmpint (next, ==, 1500000);
  world.now_us = next;
  g_assert_cmpint (world_step (&world), ==, -1);
  g_assert_cmpstr (world.log->str, ==, "SIGINT SIGCONT SIGKILL ");
  g_assert_cmpuint (procstream_terminator_get_begun (world.terminator)->len, ==, 2);
  assert_begun (&world, 0, 2);
}

/* It was so before it began; and what is due meanwhile still comes. */
static void
test_kill_by_at_once (void)
{
  g_auto (World) late = { 0 };
  g_auto (World) between = { 0 };
  g_autoptr (ProcstreamShutdownPlan) plan = NULL;

  world_init (&late, procstream_shutdown_new_terminate (60000));
  plan = procstream_shutdown_plan_new (late.shutdown, NULL);
  late.terminator = procstream_terminator_new (plan, &ops, &late);
  procstream_terminator_set_kill_by (late.terminator, late.now_us - 1);
  g_assert_cmpint (world_step (&late), ==, -1);
  g_assert_cmpstr (late.log->str, ==, "SIGKILL ");
  assert_begun (&late, 1, 1);

  world_init (&between, procstream_shutdown_new_interrupt_terminate (1000, 60000));
  world_begin (&between);
  procstream_terminator_set_kill_by (between.terminator, 5000000);
  between.now_us = 2000000;
  g_assert_cmpint (world_step (&between), ==, 5000000);
  between.now_us = 5000000;
  g_assert_cmpint (world_step (&between), ==, -1);
  g_assert_cmpstr (between.log->str, ==, "SIGINT SIGCONT SIGTERM SIGCONT SIGKILL ");
}

/* --- What takes a while to know ----------------------------------------------------------------------------------------------- */

/* Nothing is sent to what turns out to be gone. */
static void
test_unknown_at_first (void)
{
  g_auto (World) gone = { 0 };
  g_auto (World) there = { 0 };

  world_init (&gone, procstream_shutdown_new_terminate (1000));
  gone.remains = PROCSTREAM_REMAINS_UNKNOWN;
  g_assert_cmpint (world_begin (&gone), >, gone.now_us);
  gone.remains = PROCSTREAM_REMAINS_NOBODY;
  g_assert_cmpint (world_step (&gone), ==, -1);
  g_assert_cmpstr (gone.log->str, ==, "");

  /* Without an answer it goes on as if there were somebody. */
  world_init (&there, procstream_shutdown_new_terminate (1000));
  there.remains = PROCSTREAM_REMAINS_UNKNOWN;
  g_assert_cmpint (world_run (&there), ==, PROCSTREAM_TERMINATOR_GONE);
  g_assert_cmpstr (there.log->str, ==, "SIGTERM SIGCONT SIGKILL ");
}

/* What is being found out is announced, so it is not looked at by the clock; what was known last is told. */
static void
test_unknown_in_phase (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_terminate (60000));
  world.ends_at = SIGTERM;
  world.left = PROCSTREAM_REMAINS_MEMBERS;
  world_begin (&world);
  world.now_us += 10;
  world.remains = PROCSTREAM_REMAINS_UNKNOWN;
  g_assert_cmpint (world_step (&world), ==, 61000000);
  g_assert_cmpint (procstream_terminator_get_remains (world.terminator), ==, PROCSTREAM_REMAINS_MEMBERS);
  world.remains = PROCSTREAM_REMAINS_NOBODY;
  g_assert_cmpint (world_step (&world), ==, -1);
  g_assert_cmpint (procstream_terminator_get_state (world.terminator), ==, PROCSTREAM_TERMINATOR_GONE);
}

/* The leader has gone, and who is left was not found out in time: it is not said to be the leader. */
static void
test_unknown_at_last (void)
{
  g_auto (World) world = { 0 };

  world_init (&world, procstream_shutdown_new_terminate (1000));
  procstream_shutdown_set_kill_timeout_ms (world.shutdown, 1);
  world.ends_at = SIGTERM;
  world.left = PROCSTREAM_REMAINS_UNKNOWN;
  world.max_kills = G_MAXUINT;
  g_assert_cmpint (world_run (&world), ==, PROCSTREAM_TERMINATOR_LEFT);
  g_assert_cmpint (procstream_terminator_get_remains (world.terminator), ==, PROCSTREAM_REMAINS_MEMBERS);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/terminator/gone-before", test_gone_before);
  g_test_add_func ("/terminator/all-phases", test_all_phases);
  g_test_add_data_func ("/terminator/exit/first", GINT_TO_POINTER (0), test_exit_in_phase);
  g_test_add_data_func ("/terminator/exit/second", GINT_TO_POINTER (1), test_exit_in_phase);
  g_test_add_data_func ("/terminator/exit/kill", GINT_TO_POINTER (2), test_exit_in_phase);
  g_test_add_func ("/terminator/early-steps", test_early_steps);
  g_test_add_func ("/terminator/zero-grace", test_zero_grace);
  g_test_add_data_func ("/terminator/input", GINT_TO_POINTER (FALSE), test_input);
  g_test_add_data_func ("/terminator/no-input", GINT_TO_POINTER (TRUE), test_input);
  g_test_add_func ("/terminator/stop", test_stop_stays_stopped);
  g_test_add_func ("/terminator/refused", test_refused);
  g_test_add_func ("/terminator/refused-but-the-kill", test_refused_but_the_kill);
  g_test_add_func ("/terminator/unkillable", test_unkillable);
  g_test_add_func ("/terminator/members", test_members);
  g_test_add_func ("/terminator/members-in-grace", test_members_go_in_grace);
  g_test_add_func ("/terminator/endless-members", test_endless_members);
  g_test_add_func ("/terminator/unreachable", test_unreachable);
  g_test_add_func ("/terminator/unreachable-killed", test_unreachable_killed);
  g_test_add_func ("/terminator/kill-by", test_kill_by);
  g_test_add_func ("/terminator/kill-by-at-once", test_kill_by_at_once);
  g_test_add_func ("/terminator/unknown-at-first", test_unknown_at_first);
  g_test_add_func ("/terminator/unknown-in-phase", test_unknown_in_phase);
  g_test_add_func ("/terminator/unknown-at-last", test_unknown_at_last);
  return g_test_run ();
}
