/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-home-private.h"

#include "procstream-io-thread-private.h"

#include "test-utils.h"

#include <string.h>

/* What is sent to a home, and what became of it. */
typedef struct
{
  ProcstreamHome *home;
  GMutex          mutex;
  GString        *log; /* of each: a lower-case letter when it is run, the upper-case one when it is destroyed */
  gboolean        in_io_thread;
  gboolean        in_other_thread;
  GThread        *thread;
} Log;

typedef struct
{
  Log *log;
  char letter;
  char then; /* what it sends in its turn; 0: nothing */
} Message;

static void
log_init (Log          *self,
          GMainContext *context)
{
  *self = (Log){ .home = procstream_home_new (context), .log = g_string_new (NULL), .thread = g_thread_self () };
  g_mutex_init (&self->mutex);
}

static void
log_clear (Log *self)
{
  g_clear_pointer (&self->home, procstream_home_free);
  g_string_free (self->log, TRUE);
  g_mutex_clear (&self->mutex);
}

static void
note (Log *self,
      char letter)
{
  g_mutex_lock (&self->mutex);
  g_string_append_c (self->log, letter);
  self->in_io_thread |= procstream_io_thread_is_current ();
  self->in_other_thread |= g_thread_self () != self->thread;
  g_mutex_unlock (&self->mutex);
}

static void send_one (Log *self,
                      char letter,
                      char then);

static void
run_cb (gpointer data)
{
  Message *message = data;

  note (message->log, message->letter);
  if (message->then)
    send_one (message->log, message->then, 0);
}

static void
destroy_cb (gpointer data)
{
  Message *message = data;

  note (message->log, g_ascii_toupper (message->letter));
  g_free (message);
}

static void
send_one (Log *self,
          char letter,
          char then)
{
  Message *message = g_new (Message, 1);

  *message = (Message){ self, letter, then };
  procstream_home_invoke (self->home, run_cb, message, destroy_cb);
}

static void
send_all (Log        *self,
          const char *letters)
{
  for (; *letters; letters++)
    send_one (self, *letters, 0);
}

typedef struct
{
  Log  *log;
  gsize length;
} Until;

static gboolean
has_length (gpointer data)
{
  Until   *until = data;
  gboolean has;

  g_mutex_lock (&until->log->mutex);
  has = until->log->log->len >= until->length;
  g_mutex_unlock (&until->log->mutex);
  return has;
}

static void
assert_log (Log          *self,
            GMainContext *context,
            const char   *expected)
{
  Until until = { self, strlen (expected) };

  test_run_until (context, "what was sent", has_length, &until);
  g_assert_cmpstr (self->log->str, ==, expected);
}

/* Each is destroyed where it ran, and before the next is run. */
static void
test_io_thread (void)
{
  Log log;

  log_init (&log, NULL);
  g_assert_true (procstream_home_get_context (log.home) == procstream_io_thread_get_context ());
  send_all (&log, "abc");
  assert_log (&log, NULL, "aAbBcC");
  g_assert_true (log.in_io_thread);
  log_clear (&log);
}

/* Only when somebody runs it, and there alone. */
static void
test_context (void)
{
  GMainContext *context = g_main_context_new ();
  Log           log;

  log_init (&log, context);
  g_assert_true (procstream_home_get_context (log.home) == context);
  send_all (&log, "abc");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (log.log->str, ==, "");
  assert_log (&log, context, "aAbBcC");
  g_assert_false (log.in_other_thread);
  send_all (&log, "d");
  assert_log (&log, context, "aAbBcCdD");
  log_clear (&log);
  g_main_context_unref (context);
}

static gpointer
send_from_thread (gpointer data)
{
  send_all (data, "abcdefgh");
  return NULL;
}

static void
test_other_thread (void)
{
  GMainContext *context = g_main_context_new ();
  Log           log;

  log_init (&log, context);
  g_thread_join (g_thread_new ("sender", send_from_thread, &log));
  assert_log (&log, context, "aAbBcCdDeEfFgGhH");
  g_assert_false (log.in_other_thread);
  log_clear (&log);
  g_main_context_unref (context);
}

/* What is sent by what runs comes after everything that was sent before it. */
static void
test_sent_by_itself (void)
{
  GMainContext *context = g_main_context_new ();
  Log           log;

  log_init (&log, context);
  send_one (&log, 'a', 'x');
  send_one (&log, 'b', 0);
  assert_log (&log, context, "aAbBxX");
  log_clear (&log);
  g_main_context_unref (context);
}

/* Two homes of one context do not hold each other up, nor are they mixed up. */
static void
test_two (void)
{
  GMainContext *context = g_main_context_new ();
  Log           one;
  Log           two;

  log_init (&one, context);
  log_init (&two, context);
  send_all (&one, "a");
  send_all (&two, "b");
  g_clear_pointer (&one.home, procstream_home_free);
  assert_log (&two, context, "bB");
  log_clear (&one);
  log_clear (&two);
  g_main_context_unref (context);
}

/* Of what was sent before it is freed nothing is lost: it is run or not, and destroyed once. */
static void
test_freed (void)
{
  GMainContext *context = g_main_context_new ();
  Log           log;
  guint         destroyed = 0;

  log_init (&log, context);
  send_all (&log, "abc");
  g_clear_pointer (&log.home, procstream_home_free);
  while (g_main_context_iteration (context, FALSE))
    ;
  for (const char *letter = log.log->str; *letter; letter++)
    destroyed += g_ascii_isupper (*letter) != 0;
  g_assert_cmpuint (destroyed, ==, 3);
  log_clear (&log);
  g_main_context_unref (context);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/home/io-thread", test_io_thread);
  g_test_add_func ("/home/context", test_context);
  g_test_add_func ("/home/other-thread", test_other_thread);
  g_test_add_func ("/home/sent-by-itself", test_sent_by_itself);
  g_test_add_func ("/home/two", test_two);
  g_test_add_func ("/home/freed", test_freed);
  return g_test_run ();
}
