/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-start.h"
#include "test-stream.h"
#include "test-utils.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What can happen to an output and to one that follows it, in every order: two chunks are written, it is attached, it is cancelled or dropped,
 * the output ends or fails, and the output is dropped. Each step is forced: the next one begins when everything that
 * follows from it has happened. A step may be done outside, in another thread, or in the middle of an emission of the
 * chunk before it: in a handler of another consumer (the trigger), in that with a nested iteration, or in its own handler.
 *
 * What must have come is known exactly, but for one case: where it is cancelled while another one is told of a chunk, it may have had
 * that chunk already. It is never told twice, or after it was cancelled, and in the end nothing is left of any of it.
 */

typedef enum
{
  WRITE,
  ATTACH,
  LEAVE,
  END,
  DROP_OUTPUT,
  N_ACTIONS,
} Action;

typedef enum
{
  OUTSIDE,
  IN_THREAD,
  IN_TRIGGER,
  IN_TRIGGER_NESTED,
  IN_OWN_HANDLER,
  N_PLACES,
} Place;

typedef enum
{
  SIGNALS,
  READER,
  COLLECTOR,
  CUSTOM,
  N_KINDS,
} Kind;

typedef struct
{
  Kind                 kind;
  Place                place;
  ProcstreamReaderMode mode;
  gboolean             drop; /* it leaves by being dropped */
  gboolean             fail; /* the output ends with an error */
} Case;

#define MAX_STEPS 6

/* --- A class that tells the run ----------------------------------------------------------------------------------------------- */

typedef struct _Run Run;

typedef struct
{
  ProcstreamConsumer parent_instance;
  Run               *run;
  GString           *bytes;
  guint              ends;
  gboolean           is_trigger;
} Teller;
typedef ProcstreamConsumerClass TellerClass;

static GType teller_get_type (void);
G_DEFINE_TYPE (Teller, teller, PROCSTREAM_TYPE_CONSUMER)

struct _Run
{
  const Case       *c;
  ProcstreamOutput *output;
  int               write_fd;
  int               spare_fd; /* writes what the other end does not read */
  Teller           *trigger;
  GObject          *subject; /* NULL for signals, and once dropped */
  GString          *bytes;   /* that the subject had */
  guint             ends;
  GError           *error; /* of the end */

  gboolean attached;
  gboolean left;
  gboolean ended;      /* the output */
  gboolean end_seen;   /* the subject must be told */
  guint    written;    /* bytes in all */
  GString *least;      /* it must have had … */
  GString *most;       /* … and may have had */
  Action   in_handler; /* to be done there; N_ACTIONS: nothing */
};

static guint tellers_alive;

static void act (Run   *run,
                 Action action);

static void
act_in_handler (Run     *run,
                gboolean own)
{
  Action   action = run->in_handler;
  gboolean wants_own = run->c->place == IN_OWN_HANDLER && run->attached && !run->left && (run->c->kind == SIGNALS || run->c->kind == CUSTOM);

  if (action == N_ACTIONS || own != wants_own)
    return;
  run->in_handler = N_ACTIONS;
  act (run, action);
  if (run->c->place == IN_TRIGGER_NESTED)
    test_iterate ();
}

static void
got_chunk (Run    *run,
           GBytes *bytes)
{
  g_string_append_len (run->bytes, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  act_in_handler (run, TRUE);
}

static void
got_end (Run          *run,
         const GError *error)
{
  run->ends++;
  if (error)
    run->error = g_error_copy (error);
}

static gboolean
teller_chunk (ProcstreamConsumer *consumer,
              GBytes             *bytes)
{
  Teller *self = (Teller *) consumer;

  if (!self->is_trigger)
    {
      got_chunk (self->run, bytes);
      return FALSE;
    }
  g_string_append_len (self->bytes, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  act_in_handler (self->run, FALSE);
  return FALSE;
}

static void
teller_ended (ProcstreamConsumer *consumer,
              const GError       *error)
{
  Teller *self = (Teller *) consumer;

  self->ends++;
  if (!self->is_trigger)
    got_end (self->run, error);
}

static void
teller_finalize (GObject *object)
{
  g_string_free (((Teller *) object)->bytes, TRUE);
  tellers_alive--;
  G_OBJECT_CLASS (teller_parent_class)->finalize (object);
}

static void
teller_class_init (TellerClass *klass)
{
  klass->chunk = teller_chunk;
  klass->ended = teller_ended;
  G_OBJECT_CLASS (klass)->finalize = teller_finalize;
}

static void
teller_init (Teller *self)
{
  self->bytes = g_string_new (NULL);
  tellers_alive++;
}

static Teller *
teller_new (Run     *run,
            gboolean is_trigger)
{
  Teller *self = g_object_new (teller_get_type (), NULL);

  self->run = run;
  self->is_trigger = is_trigger;
  return self;
}

/* --- What is done ------------------------------------------------------------------------------------------------------------- */

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          gpointer          run)
{
  got_chunk (run, bytes);
}

static void
ended_cb (ProcstreamOutput *output,
          const GError     *error,
          gpointer          run)
{
  got_end (run, error);
}

static void
attach (Run *run)
{
  g_autoptr (GError) error = NULL;

  if (run->c->kind == SIGNALS)
    {
      g_signal_connect (run->output, "chunk", G_CALLBACK (chunk_cb), run);
      g_signal_connect (run->output, "ended", G_CALLBACK (ended_cb), run);
      /* Whoever may be late asks. */
      procstream_output_get_state (run->output);
      return;
    }
  if (run->subject == NULL)
    return;
  g_assert_true (procstream_output_attach (run->output, PROCSTREAM_CONSUMER (run->subject), &error));
  g_assert_no_error (error);
}

/* What the library's own consumers have. */
static void
collect (Run *run)
{
  g_autofree char *text = NULL;
  GBytes          *bytes;

  if (run->subject && run->c->kind == COLLECTOR)
    {
      text = procstream_collector_dup_text (PROCSTREAM_COLLECTOR (run->subject));
      g_string_assign (run->bytes, text);
    }
  if (!run->subject || run->c->kind != READER || !run->attached)
    return;
  while ((bytes = procstream_reader_next (PROCSTREAM_READER (run->subject), 0, NULL, NULL)))
    {
      g_string_append_len (run->bytes, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      g_bytes_unref (bytes);
    }
}

static void
leave (Run *run)
{
  if (run->c->kind == SIGNALS)
    {
      if (run->output)
        g_signal_handlers_disconnect_by_data (run->output, run);
      return;
    }
  if (run->c->kind == COLLECTOR)
    collect (run);
  if (run->c->drop && run->c->kind != CUSTOM)
    {
      g_clear_object (&run->subject);
      return;
    }
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (run->subject));
  if (run->c->drop)
    g_clear_object (&run->subject);
}

static void
end (Run *run)
{
  /* What is closed with something unread resets the other end. */
  if (run->c->fail)
    g_assert_cmpint (write (run->spare_fd, "x", 1), ==, 1);
  close (run->write_fd);
  run->write_fd = -1;
}

static gboolean
subject_follows (Run *run)
{
  return run->attached && !run->left;
}

/* What it must come to. */
static void
expect (Run   *run,
        Action action)
{
  switch (action)
    {
    case WRITE:
      break; /* told where it is written */
    case ATTACH:
      run->attached = TRUE;
      run->end_seen = run->ended && !run->left;
      break;
    case LEAVE:
      run->left = TRUE;
      break;
    case END:
      run->ended = TRUE;
      run->end_seen = subject_follows (run);
      break;
    case DROP_OUTPUT:
      run->left = run->left || run->c->kind == SIGNALS;
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
act (Run   *run,
     Action action)
{
  expect (run, action);
  switch (action)
    {
    case ATTACH:
      /* One that was cancelled cannot be attached. */
      if (!run->left)
        attach (run);
      else
        run->attached = FALSE;
      break;
    case LEAVE:
      leave (run);
      break;
    case END:
      end (run);
      break;
    case DROP_OUTPUT:
      if (run->output && run->c->kind == SIGNALS)
        g_signal_handlers_disconnect_by_data (run->output, run);
      g_clear_object (&run->output);
      break;
    default:
      g_assert_not_reached ();
    }
}

typedef struct
{
  Run   *run;
  Action action;
} InThread;

static gpointer
act_in_thread (gpointer data)
{
  InThread *self = data;

  act (self->run, self->action);
  return NULL;
}

/* --- One order ---------------------------------------------------------------------------------------------------------------- */

static gboolean
is_told (gpointer data)
{
  Run *run = data;

  return run->trigger->bytes->len == run->written && (!run->ended || run->trigger->ends == 1);
}

/* Everything that follows from what was done has happened. */
static void
settle (Run *run)
{
  test_run_until (NULL, "a step", is_told, run);
  test_hold_pass ();
  test_iterate ();
  collect (run);
}

static void
write_chunk (Run   *run,
             Action next)
{
  char     text[4];
  gboolean follows = subject_follows (run);

  g_snprintf (text, sizeof text, "%03u", run->written);
  run->in_handler = next;
  if (follows)
    {
      g_string_append (run->most, text);
      /* In another one's handler it may be cancelled before it was told itself. */
      if (next != LEAVE && !(next == DROP_OUTPUT && run->c->kind == SIGNALS))
        g_string_append (run->least, text);
      else if (run->c->place == IN_OWN_HANDLER && (run->c->kind == SIGNALS || run->c->kind == CUSTOM))
        g_string_append (run->least, text);
    }
  run->written += 3;
  g_assert_cmpint (send (run->write_fd, text, 3, MSG_NOSIGNAL), ==, 3);
  settle (run);
  g_assert_cmpint (run->in_handler, ==, N_ACTIONS);
}

static void
set_up (Run        *run,
        const Case *c)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GError) error = NULL;
  int fds[2];

  *run = (Run){ .c = c, .bytes = g_string_new (NULL), .least = g_string_new (NULL), .most = g_string_new (NULL), .in_handler = N_ACTIONS };
  procstream_output_config_set_reader (config, c->mode);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  run->write_fd = fds[1];
  run->spare_fd = dup (fds[0]);
  run->output = procstream_output_new_take_fd (fds[0], "test", config, &error);
  g_assert_no_error (error);
  run->trigger = teller_new (run, TRUE);
  g_assert_true (procstream_output_attach (run->output, PROCSTREAM_CONSUMER (run->trigger), NULL));
  if (c->kind == READER)
    run->subject = G_OBJECT (procstream_reader_new ());
  else if (c->kind == COLLECTOR)
    run->subject = G_OBJECT (procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST));
  else if (c->kind == CUSTOM)
    run->subject = G_OBJECT (teller_new (run, FALSE));
  test_iterate ();
}

static void
check_end (Run *run)
{
  const gboolean told = run->end_seen && (run->c->kind == SIGNALS || run->c->kind == CUSTOM);

  g_assert_cmpuint (run->ends, ==, told ? 1 : 0);
  if (told)
    g_assert_cmpint (run->error != NULL, ==, run->c->fail);
  if (run->subject && run->end_seen)
    g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (run->subject)), ==,
                     run->c->fail ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED);
  if (run->subject)
    g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (run->subject)), ==, 0);
}

static void
tear_down (Run *run)
{
  gpointer gone[2] = { run->output, run->subject };

  for (guint i = 0; i < 2; i++)
    if (gone[i])
      g_object_add_weak_pointer (gone[i], &gone[i]);
  if (run->output && run->c->kind == SIGNALS)
    g_signal_handlers_disconnect_by_data (run->output, run);
  if (run->subject)
    procstream_consumer_cancel (PROCSTREAM_CONSUMER (run->subject));
  test_iterate ();
  g_clear_object (&run->output);
  g_clear_object (&run->subject);
  g_object_unref (run->trigger);
  test_iterate ();
  g_assert_null (gone[0]);
  g_assert_null (gone[1]);
  g_assert_cmpuint (tellers_alive, ==, 0);
  close (run->spare_fd);
  g_clear_error (&run->error);
  g_string_free (run->bytes, TRUE);
  g_string_free (run->least, TRUE);
  g_string_free (run->most, TRUE);
}

static gboolean
may_be_in_thread (Action action)
{
  return action == ATTACH || action == LEAVE || action == END;
}

static void
run_order (const Case   *c,
           const Action *steps)
{
  Run run;

  set_up (&run, c);
  for (guint i = 0; i < MAX_STEPS; i++)
    {
      gboolean in_handler = c->place >= IN_TRIGGER && i + 1 < MAX_STEPS && steps[i + 1] != WRITE;

      if (steps[i] == WRITE)
        {
          write_chunk (&run, in_handler ? steps[i + 1] : N_ACTIONS);
          i += in_handler;
          continue;
        }
      /* Only the owner drops. */
      if (c->place == IN_THREAD && may_be_in_thread (steps[i]) && !(steps[i] == LEAVE && c->drop))
        g_thread_join (g_thread_new ("step", act_in_thread, &(InThread){ &run, steps[i] }));
      else
        act (&run, steps[i]);
      settle (&run);
    }
  g_assert_true (g_str_has_prefix (run.most->str, run.bytes->str));
  g_assert_true (g_str_has_prefix (run.bytes->str, run.least->str));
  check_end (&run);
  tear_down (&run);
}

/* --- All orders --------------------------------------------------------------------------------------------------------------- */

/* Nothing is written after the end, and nothing is attached to what is not there. */
static gboolean
is_possible (const Action *steps)
{
  gboolean ended = FALSE;
  gboolean dropped = FALSE;

  for (guint i = 0; i < MAX_STEPS; i++)
    {
      if ((steps[i] == WRITE && ended) || (steps[i] == ATTACH && dropped))
        return FALSE;
      ended |= steps[i] == END;
      dropped |= steps[i] == DROP_OUTPUT;
    }
  return TRUE;
}

/* In the order of the alphabet; each once, also where two steps are alike. */
static gboolean
next_permutation (Action *steps)
{
  gint i, j;

  for (i = MAX_STEPS - 2; i >= 0 && steps[i] >= steps[i + 1]; i--)
    ;
  if (i < 0)
    return FALSE;
  for (j = MAX_STEPS - 1; steps[j] <= steps[i]; j--)
    ;
  for (gint low = i, high = j, first = TRUE; first || low < high; low++, high--)
    {
      Action step = steps[low];

      steps[low] = steps[high];
      steps[high] = step;
      if (first)
        high = MAX_STEPS;
      first = FALSE;
    }
  return TRUE;
}

static char *
describe (const Case   *c,
          const Action *steps)
{
  static const char letters[] = "WALEO";
  GString          *text = g_string_new (NULL);

  for (guint i = 0; i < MAX_STEPS; i++)
    g_string_append_c (text, letters[steps[i]]);
  g_string_append_printf (text, " place %d mode %d drop %d fail %d", c->place, c->mode, c->drop, c->fail);
  return g_string_free (text, FALSE);
}

static void
test_orders (gconstpointer data)
{
  const gboolean slow = test_on_valgrind ();
  Case           c = { .kind = GPOINTER_TO_UINT (data) };
  guint          fds;
  guint          n = 0;

  /* Threads that start with the first of all keep some for themselves. */
  c.mode = PROCSTREAM_READER_MODE_THREAD;
  run_order (&c, (Action[]){ ATTACH, WRITE, WRITE, LEAVE, END, DROP_OUTPUT });
  c.mode = PROCSTREAM_READER_MODE_CONTEXT;
  run_order (&c, (Action[]){ ATTACH, WRITE, WRITE, LEAVE, END, DROP_OUTPUT });
  fds = test_count_fds ();

  for (guint variant = 0; variant < N_PLACES * 2 * 2 * 2; variant++)
    {
      Action steps[MAX_STEPS] = { WRITE, WRITE, ATTACH, LEAVE, END, DROP_OUTPUT };

      c.place = variant % N_PLACES;
      c.drop = variant / N_PLACES % 2;
      c.fail = variant / N_PLACES / 2 % 2;
      c.mode = variant / N_PLACES / 4 ? PROCSTREAM_READER_MODE_CONTEXT : PROCSTREAM_READER_MODE_THREAD;
      do
        {
          g_autofree char *text = is_possible (steps) ? describe (&c, steps) : NULL;

          if (text == NULL || (slow && n++ % 97 > 0))
            continue;
          g_test_message ("%s", text);
          run_order (&c, steps);
        }
      while (next_permutation (steps));
    }
  test_assert_fds (fds);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  test_add_data_func ("/orders/signals", GUINT_TO_POINTER (SIGNALS), test_orders);
  test_add_data_func ("/orders/reader", GUINT_TO_POINTER (READER), test_orders);
  test_add_data_func ("/orders/collector", GUINT_TO_POINTER (COLLECTOR), test_orders);
  test_add_data_func ("/orders/custom", GUINT_TO_POINTER (CUSTOM), test_orders);
  return g_test_run ();
}
