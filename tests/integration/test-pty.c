/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Children on a pseudo-terminal: with programs of the system, and with one that looks closely. */

#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static TestProcess *
pty_process_new (void)
{
  TestProcess *self = test_process_new ();

  procstream_launcher_set_pty (self->launcher, TRUE);
  return self;
}

static TestProcess *
typed_process_new (void)
{
  TestProcess *self = pty_process_new ();

  procstream_launcher_set_stdin_mode (self->launcher, PROCSTREAM_STDIN_MODE_PTY);
  return self;
}

static void
begin (TestProcess *process,
       const char  *script)
{
  test_process_create (process, script);
  test_process_listen (process);
  test_process_start (process);
}

static const char *
run (TestProcess *process,
     const char  *script)
{
  begin (process, script);
  test_process_run_to_completed (process);
  return process->out->str;
}

static const char *
run_mode (TestProcess *process,
          const char  *mode)
{
  test_process_create_mode (process, mode);
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  return process->out->str;
}

/* --- What the child sees ------------------------------------------------------------------------------------------------------ */

static void
test_is_terminal (void)
{
  g_autoptr (TestProcess) process = pty_process_new ();
  g_autoptr (TestProcess) typed = typed_process_new ();
  g_autoptr (TestProcess) session = pty_process_new ();

  g_assert_cmpstr (run_mode (process, "isatty"), ==, "011 controlled 1 leader 1 front 1\n");
  g_assert_cmpstr (run_mode (typed, "isatty"), ==, "111 controlled 1 leader 1 front 1\n");
  procstream_launcher_set_containment (session->launcher, PROCSTREAM_CONTAINMENT_SESSION);
  g_assert_cmpstr (run_mode (session, "isatty"), ==, "011 controlled 1 leader 1 front 1\n");
}

static void
test_standard_error_elsewhere (void)
{
  g_autoptr (TestProcess) process = pty_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_launcher_set_stderr_config (process->launcher, config);
  g_assert_cmpstr (run_mode (process, "isatty"), ==, "010 controlled 1 leader 1 front 1\n");
}

static void
test_standard_error (void)
{
  g_autoptr (TestProcess) together = pty_process_new ();
  g_autoptr (TestProcess) apart = pty_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  g_assert_cmpstr (run_mode (together, "both 2"), ==, "out\nerr\nout\nerr\n");
  g_assert_cmpstr (together->err->str, ==, "");
  procstream_launcher_set_stderr_config (apart->launcher, config);
  g_assert_cmpstr (run_mode (apart, "both 2"), ==, "out\nout\n");
  g_assert_cmpstr (apart->err->str, ==, "err\nerr\n");
}

static void
test_programs (void)
{
  g_autoptr (TestProcess) tty = typed_process_new ();
  g_autoptr (TestProcess) size = typed_process_new ();
  g_autoptr (TestProcess) colours = pty_process_new ();
  g_autoptr (TestProcess) plain = test_process_new ();

  g_assert_true (g_str_has_prefix (run (tty, "tty"), "/dev/pts/"));
  procstream_launcher_set_pty_columns (size->launcher, 132);
  procstream_launcher_set_pty_rows (size->launcher, 50);
  g_assert_cmpstr (run (size, "stty size"), ==, "50 132\n");
  procstream_launcher_set_variable (colours->launcher, "TERM", "xterm");
  g_assert_nonnull (strstr (run (colours, "ls --color=auto -d /"), "\033["));
  procstream_launcher_set_variable (plain->launcher, "TERM", "xterm");
  g_assert_null (strstr (run (plain, "ls --color=auto -d /"), "\033["));
}

/* Nothing of the terminal but the standard descriptors. */
static void
test_descriptors (void)
{
  g_autoptr (TestProcess) process = typed_process_new ();
  g_auto (GStrv) lines = NULL;

  lines = g_strsplit (run_mode (process, "fds"), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  for (int i = 0; i < 3; i++)
    g_assert_nonnull (strstr (lines[i], " /dev/pts/"));
}

static void
test_resize (void)
{
  g_autoptr (TestProcess) process = pty_process_new ();
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "winsize 2");
  test_process_listen (process);
  g_assert_false (procstream_child_resize (process->child, 10, 10, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("80 x 24\n"));
  g_assert_true (procstream_child_resize (process->child, 100, 30, &error));
  test_process_run_until_out (process, strlen ("80 x 24\n100 x 30\n"));
  g_assert_true (procstream_child_resize (process->child, 65535, 1, &error));
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "80 x 24\n100 x 30\n65535 x 1\n");
  g_assert_false (procstream_child_resize (process->child, 10, 10, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
}

static void
test_resize_refused (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  run_mode (process, "echo");
  g_assert_false (procstream_child_resize (process->child, 10, 10, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* --- What comes out ----------------------------------------------------------------------------------------------------------- */

static void
note_end_cb (ProcstreamOutput *output,
             const GError     *error,
             gpointer          user_data)
{
  g_assert_no_error (error);
  ++*(int *) user_data;
}

/* All of it, and then an end that is no error, though the kernel tells it as one. */
static void
test_everything (void)
{
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (TestProcess) process = pty_process_new ();
      gsize size = i == 0 ? 1000000 : 9999;
      int   n_ends = 0;

      {
        g_autofree char *mode = g_strdup_printf ("flood %" G_GSIZE_FORMAT, size);

        test_process_create_mode (process, mode);
      }
      test_process_listen (process);
      g_signal_connect (procstream_child_get_stdout (process->child), "ended", G_CALLBACK (note_end_cb), &n_ends);
      test_process_start (process);
      test_process_run_to_completed (process);
      g_assert_cmpint (n_ends, ==, 1);
      g_assert_cmpuint (process->out->len, ==, size);
      g_assert_null (strchr (process->out->str, '\r'));
      g_assert_cmpint (procstream_output_get_state (procstream_child_get_stdout (process->child)), ==, PROCSTREAM_OUTPUT_STATE_ENDED);
      g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
    }
}

/* What was written before the end is there, although it is read only long after it. */
static void
test_read_late (void)
{
  g_autoptr (TestProcess) process = pty_process_new ();
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  test_process_create_mode (process, "both 500");
  procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (reader), &error);
  g_assert_no_error (error);
  test_process_start (process);
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  for (int i = 0; i < 1000; i++)
    {
      g_free (line);
      line = procstream_reader_read_line (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (line, ==, i % 2 ? "err" : "out");
    }
  g_assert_null (procstream_reader_read_line (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_no_error (error);
}

static void
test_translated (void)
{
  g_autoptr (TestProcess) process = pty_process_new ();

  procstream_launcher_set_pty_flags (process->launcher, PROCSTREAM_PTY_FLAGS_CRLF);
  g_assert_cmpstr (run_mode (process, "echo a"), ==, "a\r\n");
}

/* --- What goes in ------------------------------------------------------------------------------------------------------------- */

static void
test_input (void)
{
  static const char *const texts[] = { "one\ntwo\n", "no line", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (TestProcess) process = typed_process_new ();

      test_process_create_mode (process, "cat");
      test_process_listen (process);
      if (i == 0)
        test_process_start (process);
      test_process_write (process, texts[i]);
      procstream_input_close (procstream_child_get_stdin (process->child));
      if (i > 0)
        test_process_start (process);
      test_process_run_to_completed (process);
      /* It comes once: the terminal does not echo it. */
      g_assert_cmpstr (process->out->str, ==, texts[i]);
      g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
    }
}

/* The last byte says how the end is typed, and any byte may be that. */
static void
test_input_with_nul (void)
{
  g_autoptr (TestProcess) process = typed_process_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("nul\0", 4);

  test_process_create_mode (process, "count");
  test_process_listen (process);
  g_assert_true (procstream_input_write_bytes (procstream_child_get_stdin (process->child), bytes, NULL));
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "4\n");
}

static void
cancelled_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_input_write_finish (PROCSTREAM_INPUT (object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  *(gboolean *) user_data = TRUE;
}

/* What was to be written before the end is not. */
static void
test_input_cancelled (void)
{
  g_autoptr (TestProcess) process = typed_process_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\n", 1);
  gboolean         cancelled = FALSE;
  ProcstreamInput *input;

  test_process_create_mode (process, "count");
  test_process_listen (process);
  input = procstream_child_get_stdin (process->child);
  test_process_write (process, "no line");
  procstream_input_write_async (input, bytes, cancellable, cancelled_cb, &cancelled);
  procstream_input_close (input);
  g_cancellable_cancel (cancellable);
  while (!cancelled)
    g_main_context_iteration (NULL, TRUE);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "7\n");
}

static void
test_much_input (void)
{
  g_autoptr (TestProcess) process = typed_process_new ();
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 20000; i++)
    g_string_append_printf (text, "line %d\n", i);
  test_process_create_mode (process, "cat");
  test_process_listen (process);
  test_process_start (process);
  test_process_write (process, text->str);
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpuint (process->out->len, ==, text->len);
  g_assert_cmpstr (process->out->str, ==, text->str);
}

static void
test_echo (void)
{
  g_autoptr (TestProcess) process = typed_process_new ();

  procstream_launcher_set_pty_flags (process->launcher, PROCSTREAM_PTY_FLAGS_ECHO);
  test_process_create_mode (process, "count");
  test_process_listen (process);
  test_process_start (process);
  test_process_write (process, "typed\n");
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "typed\n6\n");
}

/* Ctrl-C ends the program, unless it is a byte like any other. */
static void
test_control_characters (void)
{
  g_autoptr (TestProcess) cooked = typed_process_new ();
  g_autoptr (TestProcess) raw = typed_process_new ();

  test_process_create_mode (cooked, "sleep-forever");
  test_process_listen (cooked);
  test_process_start (cooked);
  test_process_run_until_out (cooked, strlen ("ready\n"));
  test_process_write (cooked, "\003");
  test_process_run_to_completed (cooked);
  g_assert_cmpint (procstream_child_get_term_signal (cooked->child), ==, SIGINT);

  procstream_launcher_set_pty_flags (raw->launcher, PROCSTREAM_PTY_FLAGS_RAW_INPUT);
  begin (raw, "echo ready; head -c 4 | od -An -tx1");
  test_process_run_until_out (raw, strlen ("ready\n"));
  test_process_write (raw, "\003\004\r\n");
  test_process_run_to_completed (raw);
  g_assert_cmpstr (raw->out->str, ==, "ready\n 03 04 0d 0a\n");
}

/* Nobody has the terminal open any more, which is told as a pipe that is broken. */
static void
test_broken (void)
{
  g_autoptr (TestProcess) process = typed_process_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("late\n", 5);
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "exit 0");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  procstream_input_write_async (procstream_child_get_stdin (process->child), bytes, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "the write", &result);
  g_assert_false (procstream_input_write_finish (procstream_child_get_stdin (process->child), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* A program that prompts only at a terminal. */
static void
test_prompt (void)
{
  g_autoptr (TestProcess) process = typed_process_new ();

  procstream_launcher_set_variable (process->launcher, "TERM", "dumb");
  begin (process, "exec bash --norc --noprofile -c 'read -r -p \"name? \" name; echo \"hello $name\"'");
  test_process_run_until_out (process, strlen ("name? "));
  g_assert_cmpstr (process->out->str, ==, "name? ");
  test_process_write (process, "you\n");
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "name? hello you\n");
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

/* A child with a channel to the test beside its terminal. It is told to go on by the end of number 3, and has number 4 to say something
 * where there is no terminal. */
typedef struct
{
  TestProcess *process;
  int          tell;
  int          hear;
} Aside;

static void
aside_begin (Aside                *self,
             ProcstreamContainment containment,
             ProcstreamLifetime    lifetime,
             const char           *script)
{
  int told[2];
  int heard[2];

  self->process = pty_process_new ();
  procstream_launcher_set_containment (self->process->launcher, containment);
  procstream_launcher_set_lifetime (self->process->launcher, lifetime);
  g_assert_cmpint (pipe2 (told, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (heard, O_CLOEXEC), ==, 0);
  self->tell = told[1];
  self->hear = heard[0];
  procstream_launcher_take_fd (self->process->launcher, told[0], 3);
  procstream_launcher_take_fd (self->process->launcher, heard[1], 4);
  begin (self->process, script);
  procstream_launcher_close_fd (self->process->launcher, 3);
  procstream_launcher_close_fd (self->process->launcher, 4);
}

static void
aside_go_on (Aside *self)
{
  close (g_steal_fd (&self->tell));
}

/* All that it says until it is gone, or closes number 4. */
static void
aside_assert_hears (Aside      *self,
                    const char *expected)
{
  char   text[100] = "";
  gsize  length = 0;
  gssize n;

  while (length < sizeof text - 1 && (n = read (self->hear, text + length, sizeof text - 1 - length)) != 0)
    {
      g_assert_cmpint (n, >, 0);
      length += n;
    }
  g_assert_cmpstr (text, ==, expected);
}

static void
aside_clear (Aside *self)
{
  g_clear_pointer (&self->process, test_process_free);
  if (self->hear >= 0)
    close (self->hear);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Aside, aside_clear)

static gboolean
is_stdout_over (gpointer data)
{
  TestProcess *process = data;

  return strchr (process->order->str, 'O') != NULL;
}

static void
check_closed_early (ProcstreamContainment containment)
{
  g_auto (Aside) aside = { 0 };

  aside_begin (&aside, containment, PROCSTREAM_LIFETIME_APPLICATION,
               "trap 'echo HUP >&4; exit 9' HUP; echo out; exec 0<&- 1>&- 2>&-; read go <&3; echo end >&4; exit 0");
  test_run_until (NULL, "the end of the output", is_stdout_over, aside.process);
  g_assert_cmpint (procstream_output_get_state (procstream_child_get_stdout (aside.process->child)), ==, PROCSTREAM_OUTPUT_STATE_ENDED);
  g_assert_cmpint (procstream_child_get_state (aside.process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  aside_go_on (&aside);
  test_process_run_to_completed (aside.process);
  aside_assert_hears (&aside, "end\n");
  g_assert_cmpstr (aside.process->out->str, ==, "out\n");
  g_assert_cmpint (procstream_child_get_term_signal (aside.process->child), ==, 0);
  g_assert_cmpint (procstream_child_get_exit_code (aside.process->child), ==, 0);
}

/* Who has nothing more to say may still have something to do. */
static void
test_closed_early (void)
{
  guint before;

  check_closed_early (PROCSTREAM_CONTAINMENT_GROUP);
  before = test_count_fds ();
  check_closed_early (PROCSTREAM_CONTAINMENT_GROUP);
  check_closed_early (PROCSTREAM_CONTAINMENT_SESSION);
  test_assert_fds (before);
}

static void
test_closed_early_with_guard (void)
{
  guint before;

  check_closed_early (PROCSTREAM_CONTAINMENT_TREE);
  before = test_count_fds ();
  check_closed_early (PROCSTREAM_CONTAINMENT_TREE);
  test_assert_fds (before);
}

/* More than a terminal holds is written once the output is over, twice, and both is thrown away. */
static void
test_opened_again (void)
{
  g_auto (Aside) aside = { 0 };

  aside_begin (&aside, PROCSTREAM_CONTAINMENT_GROUP, PROCSTREAM_LIFETIME_APPLICATION,
               "echo out; exec 0<&- 1>&- 2>&-; read go <&3;"
               "for i in 1 2; do head -c 1000000 /dev/zero >/dev/tty && echo $i >&4; done; exit 0");
  test_run_until (NULL, "the end of the output", is_stdout_over, aside.process);
  aside_go_on (&aside);
  test_process_run_to_completed (aside.process);
  aside_assert_hears (&aside, "1\n2\n");
  g_assert_cmpstr (aside.process->out->str, ==, "out\n");
  g_assert_null (strchr (strchr (aside.process->order->str, 'O'), 'o'));
  g_assert_cmpint (procstream_child_get_exit_code (aside.process->child), ==, 0);
}

/* A child whose object goes is ended, and nobody reads any more what it writes on the way out, which is more than a terminal holds. */
static void
test_nobody_reads (void)
{
  g_auto (Aside) aside = { 0 };
  GWeakRef output;
  guint    before;
  int      pid;

  check_closed_early (PROCSTREAM_CONTAINMENT_GROUP);
  before = test_count_fds ();
  aside_begin (&aside, PROCSTREAM_CONTAINMENT_GROUP, PROCSTREAM_LIFETIME_BOUND,
               "trap 'echo HUP >&4; exit 9' HUP; trap 'head -c 1000000 /dev/zero && echo end >&4; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
  aside_go_on (&aside);
  test_process_run_until_out (aside.process, strlen ("ready\n"));
  pid = procstream_child_get_pid (aside.process->child);
  g_weak_ref_init (&output, procstream_child_get_stdout (aside.process->child));
  g_test_expect_message ("Procstream", G_LOG_LEVEL_WARNING, "*was let go of*");
  g_clear_pointer (&aside.process, test_process_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_test_assert_expected_messages ();
  g_assert_null (g_weak_ref_get (&output));
  g_weak_ref_clear (&output);
  aside_assert_hears (&aside, "end\n");
  test_await_gone (pid);
  close (g_steal_fd (&aside.hear));
  test_assert_fds (before);
}

static void
test_signals (void)
{
  g_autoptr (TestProcess) process = pty_process_new ();
  int grandchild;

  test_process_create_mode (process, "tree");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, 2);
  grandchild = atoi (process->out->str);
  g_assert_true (procstream_child_send_signal (process->child, SIGTERM, NULL));
  test_process_run_to_completed (process);
  test_await_gone (grandchild);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGTERM);
}

static void
test_no_descriptors_left (void)
{
  guint before;

  test_input ();
  before = test_count_fds ();
  test_input ();
  test_echo ();
  while (g_main_context_iteration (NULL, FALSE))
    ;
  test_assert_fds (before);
}

static void
expect_refused (ProcstreamLauncher *launcher,
                const char         *property)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_launcher_create (launcher, test_shell_argv ("true"), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, property));
}

static void
test_refused (void)
{
  g_autoptr (TestProcess) process = pty_process_new ();
  g_autoptr (TestProcess) without = typed_process_new ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();

  procstream_launcher_set_pty (without->launcher, FALSE);
  expect_refused (without->launcher, "“stdin-mode”");
  procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_PROCESS);
  expect_refused (process->launcher, "“containment”");
  procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_GROUP);
  procstream_launcher_set_stdout_config (process->launcher, discard);
  expect_refused (process->launcher, "“stdout-config”");
  procstream_launcher_set_stdout_config (process->launcher, NULL);
  procstream_launcher_set_pty_columns (process->launcher, 0);
  expect_refused (process->launcher, "“pty-columns”");
  procstream_launcher_set_pty_columns (process->launcher, 80);
  procstream_launcher_set_pty_flags (process->launcher, 64);
  expect_refused (process->launcher, "“pty-flags”");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/pty/is-terminal", test_is_terminal);
  test_add_func ("/pty/stderr", test_standard_error);
  test_add_func ("/pty/stderr/elsewhere", test_standard_error_elsewhere);
  test_add_func ("/pty/programs", test_programs);
  test_add_func ("/pty/descriptors", test_descriptors);
  test_add_func ("/pty/resize", test_resize);
  test_add_func ("/pty/resize/refused", test_resize_refused);
  test_add_func ("/pty/everything", test_everything);
  test_add_func ("/pty/read-late", test_read_late);
  test_add_func ("/pty/translated", test_translated);
  test_add_func ("/pty/input", test_input);
  test_add_func ("/pty/input/nul", test_input_with_nul);
  test_add_func ("/pty/input/cancelled", test_input_cancelled);
  test_add_func ("/pty/input/much", test_much_input);
  test_add_func ("/pty/input/echo", test_echo);
  test_add_func ("/pty/input/control", test_control_characters);
  test_add_func ("/pty/input/broken", test_broken);
  test_add_func ("/pty/prompt", test_prompt);
  test_add_func ("/pty/closed-early", test_closed_early);
  test_add_func ("/pty/closed-early/guard", test_closed_early_with_guard);
  test_add_func ("/pty/opened-again", test_opened_again);
  test_add_func ("/pty/nobody-reads", test_nobody_reads);
  test_add_func ("/pty/signals", test_signals);
  test_add_func ("/pty/descriptors/left", test_no_descriptors_left);
  test_add_func ("/pty/refused", test_refused);
  return g_test_run ();
}
