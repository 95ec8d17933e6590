/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Children that say nothing for too long. */

#include <procstream/procstream.h>

#include "procstream-child-private.h"
#include "procstream-child-record-private.h"
#include "procstream-io-thread-private.h"
#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-utils.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* No timer comes to that: where the time is to be over, the watchdog is told so. */
#define HOUR_MS (60 * 60 * 1000)
#define HOUR_US (HOUR_MS * G_GINT64_CONSTANT (1000))

/* The shortest that does not keep a machine busy. */
#define SHORT_MS 20

typedef struct
{
  TestProcess *process;
  guint        n_idle;
  gint64       silent_ms;
  GThread     *thread;
  gboolean     ends_child;
} Fixture;

static void
idle_cb (ProcstreamChild *child,
         gint64           silent_ms,
         Fixture         *self)
{
  self->n_idle++;
  self->silent_ms = silent_ms;
  self->thread = g_thread_self ();
  if (self->ends_child)
    procstream_child_kill (child, NULL);
}

static Fixture *
fixture_new (gint64 timeout_ms)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->process = test_process_new ();
  procstream_launcher_set_stdin_mode (self->process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_idle_timeout_ms (self->process->launcher, timeout_ms);
  return self;
}

static void
fixture_free (Fixture *self)
{
  g_autoptr (ProcstreamShutdown) kill = procstream_shutdown_new_kill ();

  if (self->process->child)
    {
      g_signal_handlers_disconnect_by_data (self->process->child, self);
      if (procstream_child_get_pid (self->process->child) > 0)
        g_assert_true (procstream_child_terminate (self->process->child, kill, -1, NULL, NULL));
    }
  test_process_free (self->process);
  g_free (self);
  g_assert_cmpuint (test_count_children (), ==, 0);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static void
spawn (Fixture    *self,
       const char *mode)
{
  test_process_create_mode (self->process, mode);
  g_signal_connect (self->process->child, "idle", G_CALLBACK (idle_cb), self);
  test_process_start (self->process);
}

static void
spawn_script (Fixture    *self,
              const char *script)
{
  test_process_create (self->process, script);
  g_signal_connect (self->process->child, "idle", G_CALLBACK (idle_cb), self);
  test_process_start (self->process);
}

/* It says something, and that was read. */
static void
let_write (Fixture *self)
{
  ProcstreamOutput *output = procstream_child_get_stdout (self->process->child);
  guint64           before = procstream_output_get_bytes_received (output);

  test_process_write (self->process, "x\n");
  test_process_await_received (self->process, before + 2);
}

typedef struct
{
  ProcstreamChildCore *core;
  gint64               now_us;
  gint64               next_us;
} Look;

static gboolean
look_cb (gpointer data)
{
  Look *look = data;

  look->next_us = procstream_child_core_look_for_silence (look->core, look->now_us);
  return G_SOURCE_REMOVE;
}

/* As if it were so much later; when it would look again. */
static gint64
look_in (Fixture *self,
         gint64   later_us)
{
  Look look = { self->process->child->core, g_get_monotonic_time () + later_us, 0 };

  procstream_io_thread_invoke (look_cb, &look, NULL);
  test_hold_pass ();
  return look.next_us - look.now_us;
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gboolean
was_idle (gpointer data)
{
  Fixture *self = data;

  return self->n_idle > 0;
}

static void
await_idle (Fixture *self)
{
  test_run_until (NULL, "a silence", was_idle, self);
  g_assert_cmpuint (self->n_idle, ==, 1);
  self->n_idle = 0;
}

static void
look_and_be_idle (Fixture *self)
{
  g_assert_cmpint (look_in (self, HOUR_US), ==, HOUR_US);
  await_idle (self);
}

static void
look_and_be_not (Fixture *self)
{
  look_in (self, HOUR_US);
  iterate ();
  g_assert_cmpuint (self->n_idle, ==, 0);
}

/* --- Once for each silence ---------------------------------------------------------------------------------------------------- */

static void
test_once (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);

  spawn (f, "cat");
  for (int i = 0; i < 3; i++)
    {
      look_and_be_idle (f);
      /* However long it goes on. */
      look_and_be_not (f);
      look_in (f, 5 * HOUR_US);
      look_and_be_not (f);
      let_write (f);
    }
}

/* It looks again when the silence that there is would be long enough, and not earlier. */
static void
test_not_yet (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);
  gint64 wait_us;

  spawn (f, "cat");
  let_write (f);
  wait_us = look_in (f, HOUR_US / 2);
  g_assert_cmpint (wait_us, <=, HOUR_US / 2);
  g_assert_cmpint (wait_us, >, 0);
  iterate ();
  g_assert_cmpuint (f->n_idle, ==, 0);
}

/* What the main loop hears of too late is not true any more. */
static void
test_over_before_told (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);

  spawn (f, "cat");
  look_in (f, HOUR_US);
  let_write (f);
  iterate ();
  g_assert_cmpuint (f->n_idle, ==, 0);
  look_and_be_idle (f);
}

/* A chunk costs no timer. */
static void
test_timer (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);
  ProcstreamChildCore *core;
  gint64               before_us;

  spawn (f, "cat");
  core = f->process->child->core;
  test_hold_pass ();
  before_us = g_source_get_ready_time (core->idle_source);
  g_assert_cmpint (before_us, ==, core->start_us + HOUR_US);
  for (int i = 0; i < 20; i++)
    let_write (f);
  g_assert_cmpint (g_source_get_ready_time (core->idle_source), ==, before_us);
}

/* --- No silence --------------------------------------------------------------------------------------------------------------- */

static gboolean
is_paused (gpointer data)
{
  Fixture *self = data;

  return procstream_output_get_state (procstream_child_get_stdout (self->process->child)) == PROCSTREAM_OUTPUT_STATE_PAUSED;
}

/* A consumer that holds up the child makes it silent. */
static void
test_held_up (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  procstream_output_config_set_max_buffered_chunks (config, 2);
  procstream_launcher_set_stdout_config (f->process->launcher, config);
  spawn (f, "flood");
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (f->process->child), PROCSTREAM_CONSUMER (reader), NULL));
  test_run_until (NULL, "a pause", is_paused, f);
  g_assert_cmpint (look_in (f, HOUR_US), ==, HOUR_US);
  iterate ();
  g_assert_cmpuint (f->n_idle, ==, 0);
}

/* Nor is it silent for who waits for it. It is waited for long enough to be idle many times over. */
static void
test_held_up_completion (void)
{
  g_autoptr (Fixture) f = fixture_new (PROCSTREAM_NO_TIMEOUT);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;

  procstream_output_config_set_max_buffered_chunks (config, 2);
  procstream_launcher_set_stdout_config (f->process->launcher, config);
  spawn (f, "flood");
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (f->process->child), PROCSTREAM_CONSUMER (reader), NULL));
  test_run_until (NULL, "a pause", is_paused, f);
  procstream_complete_options_set_idle_timeout_ms (options, SHORT_MS);
  procstream_complete_options_set_timeout_ms (options, 1000);
  result = procstream_child_complete (f->process->child, options, NULL, NULL);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_TIMED_OUT);
}

/* What the context is to read, and has not. */
static void
test_not_read_yet (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_launcher_set_stdout_config (f->process->launcher, config);
  procstream_launcher_set_idle_stderr (f->process->launcher, FALSE);
  /* That it was written is told on the standard error, which is read in another thread. */
  spawn_script (f, "echo written; echo >&2; read x");
  while (procstream_output_get_bytes_received (procstream_child_get_stderr (f->process->child)) == 0)
    g_usleep (1000);
  look_and_be_not (f);
  g_assert_cmpuint (procstream_output_get_bytes_received (procstream_child_get_stdout (f->process->child)), ==, strlen ("written\n"));
  look_and_be_idle (f);
}

static void
test_shutdown (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);
  g_autoptr (ProcstreamShutdown) endless = procstream_shutdown_new ();

  procstream_shutdown_add_signal (endless, SIGTERM, PROCSTREAM_SIGNAL_TARGET_GROUP, HOUR_MS);
  spawn (f, "ignore-term");
  test_process_await_received (f->process, strlen ("ready\n"));
  /* One that was noticed before is not told, either. */
  look_in (f, HOUR_US);
  procstream_child_terminate_async (f->process->child, endless, NULL, NULL, NULL);
  iterate ();
  g_assert_cmpuint (f->n_idle, ==, 0);
  /* Were it to survive, it would be told then. */
  f->process->child->core->silence_told_us = -1;
  look_in (f, HOUR_US);
  g_assert_false (f->process->child->core->silence_noticed);
  g_assert_cmpint (f->process->child->core->silence_told_us, ==, -1);
  g_assert_true (procstream_child_kill (f->process->child, NULL));
}

/* Also when its outputs are still open: this program holds one of them. */
static void
test_exit (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);
  g_autofree char     *path = NULL;
  ProcstreamChildCore *core;
  int                  held;

  spawn (f, "cat");
  core = f->process->child->core;
  path = g_strdup_printf ("/proc/%d/fd/1", procstream_child_get_pid (f->process->child));
  held = open (path, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (held, >=, 0);
  look_in (f, HOUR_US);
  g_assert_true (core->silence_noticed);
  g_assert_true (procstream_child_kill (f->process->child, NULL));
  test_process_await_state (f->process, PROCSTREAM_CHILD_STATE_EXITED);
  test_hold_pass ();
  g_assert_null (core->idle_source);
  iterate ();
  g_assert_cmpuint (f->n_idle, ==, 0);
  close (held);
}

static gboolean
is_unwatched (gpointer data)
{
  Fixture *self = data;
  TestHold hold;
  gboolean unwatched;

  test_hold_begin (&hold);
  unwatched = self->process->child->core->idle_source == NULL;
  test_hold_end (&hold);
  return unwatched;
}

/* Nobody could say anything any more, whatever it does. */
static void
test_ended (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);

  spawn_script (f, "exec >&-; read x; exec 2>&-; read x");
  test_process_listen (f->process);
  while (procstream_output_get_state (procstream_child_get_stdout (f->process->child)) != PROCSTREAM_OUTPUT_STATE_ENDED)
    g_main_context_iteration (NULL, TRUE);
  look_and_be_idle (f);
  test_process_write (f->process, "\n");
  while (procstream_output_get_state (procstream_child_get_stderr (f->process->child)) != PROCSTREAM_OUTPUT_STATE_ENDED)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (look_in (f, HOUR_US), <, 0);
  iterate ();
  g_assert_cmpuint (f->n_idle, ==, 0);
}

/* Its timer goes with the outputs. */
static void
test_ended_timer (void)
{
  g_autoptr (Fixture) f = fixture_new (SHORT_MS);

  spawn_script (f, "exec >&- 2>&-; read x");
  test_run_until (NULL, "the end of the watch", is_unwatched, f);
}

/* --- What is watched ---------------------------------------------------------------------------------------------------------- */

static void
test_streams (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);

  procstream_launcher_set_idle_stdout (f->process->launcher, FALSE);
  spawn (f, "cat");
  look_and_be_idle (f);
  let_write (f);
  look_and_be_not (f);
}

static void
set_up_plain (ProcstreamLauncher *launcher)
{
}

static void
set_up_merged_view (ProcstreamLauncher *launcher)
{
  procstream_launcher_set_merged_view (launcher, TRUE);
}

static void
set_up_exact_order (ProcstreamLauncher *launcher)
{
  procstream_launcher_set_exact_order (launcher, TRUE);
}

static void
set_up_merge_stderr (ProcstreamLauncher *launcher)
{
  procstream_launcher_set_merge_stderr (launcher, TRUE);
}

static void
set_up_single (ProcstreamLauncher *launcher)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_output_config_set_backend (config, PROCSTREAM_BACKEND_SINGLE);
  procstream_launcher_set_stdout_config (launcher, config);
}

static void
set_up_pty (ProcstreamLauncher *launcher)
{
  procstream_launcher_set_pty (launcher, TRUE);
}

static void
set_up_inherited_stderr (ProcstreamLauncher *launcher)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new_inherit ();

  procstream_launcher_set_stderr_config (launcher, config);
}

typedef struct
{
  const char *name;
  void (*set_up) (ProcstreamLauncher *launcher);
} Kind;

static const Kind kinds[] = {
  { "plain", set_up_plain },
  { "merged-view", set_up_merged_view },
  { "exact-order", set_up_exact_order },
  { "merge-stderr", set_up_merge_stderr },
  { "single", set_up_single },
  { "pty", set_up_pty },
  { "inherited-stderr", set_up_inherited_stderr },
};

/* Nobody is attached to anything. */
static void
test_kind (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);

  kind->set_up (f->process->launcher);
  spawn (f, "cat");
  look_and_be_idle (f);
  let_write (f);
  look_and_be_idle (f);
  look_and_be_not (f);
}

static void
assert_refused (Fixture    *self,
                const char *why)
{
  g_auto (GStrv) argv = test_child_argv ("cat");
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_launcher_create (self->process->launcher, (const char *const *) argv, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  if (strstr (error->message, why) == NULL || strstr (error->message, "idle-timeout-ms") == NULL)
    g_error ("%s", error->message);
}

static void
test_refused (void)
{
  g_autoptr (Fixture) f = fixture_new (0);
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamOutputConfig) file = procstream_output_config_new_file ("/dev/null", PROCSTREAM_FILE_MODE_TRUNCATE);
  ProcstreamLauncher *launcher = f->process->launcher;

  assert_refused (f, "1 or more");
  procstream_launcher_set_idle_timeout_ms (launcher, -2);
  assert_refused (f, "1 or more");
  procstream_launcher_set_idle_timeout_ms (launcher, HOUR_MS);
  procstream_launcher_set_idle_stdout (launcher, FALSE);
  procstream_launcher_set_idle_stderr (launcher, FALSE);
  assert_refused (f, "needs an output");
  procstream_launcher_set_idle_stderr (launcher, TRUE);
  procstream_launcher_set_merge_stderr (launcher, TRUE);
  assert_refused (f, "idle-stdout");
  procstream_launcher_set_merge_stderr (launcher, FALSE);
  procstream_launcher_set_stderr_config (launcher, discard);
  assert_refused (f, "does not read");
  procstream_launcher_set_idle_stdout (launcher, TRUE);
  procstream_launcher_set_stdout_config (launcher, file);
  assert_refused (f, "does not read");
  procstream_launcher_set_idle_timeout_ms (launcher, PROCSTREAM_NO_TIMEOUT);
  test_process_spawn_mode (f->process, "cat");
}

/* A joint without this program has nothing to watch. */
static void
test_pipeline (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);
  g_auto (GStrv) argv = test_child_argv ("cat");

  procstream_launcher_set_stdin_mode (f->process->launcher, PROCSTREAM_STDIN_MODE_NULL);
  procstream_launcher_set_idle_stderr (f->process->launcher, FALSE);
  for (int observed = 0; observed < 2; observed++)
    {
      g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();
      g_autoptr (GError) error = NULL;

      for (int i = 0; i < 2; i++)
        g_assert_nonnull (procstream_pipeline_append (pipeline, f->process->launcher, (const char *const *) argv, NULL));
      g_assert_true (procstream_pipeline_set_observed (pipeline, 0, observed, NULL));
      g_assert_cmpint (procstream_pipeline_start (pipeline, &error), ==, observed);
      if (observed)
        {
          g_autoptr (ProcstreamPipelineResult) result = procstream_pipeline_complete (pipeline, NULL, NULL, &error);

          g_assert_no_error (error);
          continue;
        }
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "idle-timeout-ms"));
    }
}

/* --- In its own time ---------------------------------------------------------------------------------------------------------- */

static void
test_own_time (void)
{
  g_autoptr (Fixture) f = fixture_new (SHORT_MS);
  gint64 start_us = g_get_monotonic_time ();

  test_process_spawn_mode (f->process, "cat");
  g_signal_connect (f->process->child, "idle", G_CALLBACK (idle_cb), f);
  for (int i = 0; i < 3; i++)
    {
      await_idle (f);
      g_assert_true (f->thread == g_thread_self ());
      g_assert_cmpint (f->silent_ms, >=, SHORT_MS);
      g_assert_cmpint (g_get_monotonic_time () - start_us, >=, f->silent_ms * 1000);
      start_us = g_get_monotonic_time ();
      let_write (f);
    }
}

/* What was before the start does not count. */
static void
test_before_start (void)
{
  g_autoptr (Fixture) f = fixture_new (SHORT_MS);

  test_process_create_mode (f->process, "cat");
  g_signal_connect (f->process->child, "idle", G_CALLBACK (idle_cb), f);
  g_assert_null (f->process->child->core->idle_source);
  g_usleep (2 * SHORT_MS * 1000);
  test_process_start (f->process);
  await_idle (f);
  g_assert_cmpint (f->silent_ms, <=, procstream_child_get_elapsed_us (f->process->child) / 1000);
}

static gboolean
connect_cb (gpointer data)
{
  Fixture *self = data;

  g_signal_connect (self->process->child, "idle", G_CALLBACK (idle_cb), self);
  return G_SOURCE_REMOVE;
}

static void
started_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_assert_true (procstream_child_start_finish (PROCSTREAM_CHILD (object), result, NULL));
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, connect_cb, data, NULL);
  g_source_attach (source, NULL);
}

/* Whoever awaits the start goes on an iteration later, and is told all the same. */
static void
test_opening (void)
{
  g_autoptr (Fixture) f = fixture_new (HOUR_MS);

  test_process_create_mode (f->process, "cat");
  procstream_child_start_async (f->process->child, NULL, started_cb, f);
  test_process_await_state (f->process, PROCSTREAM_CHILD_STATE_RUNNING);
  look_in (f, HOUR_US);
  await_idle (f);
}

/* A blocking call delivers it, and whoever is told may end the child. */
static void
test_blocking (void)
{
  g_autoptr (Fixture) f = fixture_new (SHORT_MS);

  f->ends_child = TRUE;
  spawn (f, "cat");
  g_assert_true (procstream_child_wait (f->process->child, -1, NULL, NULL));
  g_assert_cmpuint (f->n_idle, ==, 1);
  g_assert_cmpint (procstream_child_get_term_signal (f->process->child), ==, SIGKILL);
}

static gpointer
own_context_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (Fixture) f = NULL;

  g_main_context_push_thread_default (context);
  f = fixture_new (SHORT_MS);
  spawn (f, "cat");
  test_run_until (context, "a silence", was_idle, f);
  g_assert_true (f->thread == g_thread_self ());
  g_clear_pointer (&f, fixture_free);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_own_context (void)
{
  g_thread_join (g_thread_new ("own-context", own_context_thread, NULL));
}

/* Nothing is left of it when nobody holds the child. */
static void
test_dropped (void)
{
  g_autoptr (Fixture) f = fixture_new (SHORT_MS);
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  spawn (f, "cat");
  await_idle (f);
  g_signal_handlers_disconnect_by_data (f->process->child, f);
  g_assert_true (procstream_child_kill (f->process->child, NULL));
  g_clear_object (&f->process->child);
  while (test_count_children () > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/idle/once", test_once);
  test_add_func ("/idle/not-yet", test_not_yet);
  test_add_func ("/idle/over-before-told", test_over_before_told);
  test_add_func ("/idle/timer", test_timer);
  test_add_func ("/idle/held-up", test_held_up);
  test_add_func ("/idle/held-up-completion", test_held_up_completion);
  test_add_func ("/idle/not-read-yet", test_not_read_yet);
  test_add_func ("/idle/shutdown", test_shutdown);
  test_add_func ("/idle/exit", test_exit);
  test_add_func ("/idle/ended", test_ended);
  test_add_func ("/idle/ended-timer", test_ended_timer);
  test_add_func ("/idle/streams", test_streams);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/idle/kind/%s", kinds[i].name);

      test_add_data_func (path, &kinds[i], test_kind);
    }
  test_add_func ("/idle/refused", test_refused);
  test_add_func ("/idle/pipeline", test_pipeline);
  test_add_func ("/idle/own-time", test_own_time);
  test_add_func ("/idle/before-start", test_before_start);
  test_add_func ("/idle/opening", test_opening);
  test_add_func ("/idle/blocking", test_blocking);
  test_add_func ("/idle/own-context", test_own_context);
  test_add_func ("/idle/dropped", test_dropped);
  return g_test_run ();
}
