/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-search.h"

#include "test-utils.h"

#include <string.h>
#include <sys/eventfd.h>

static ProcstreamOutputCore *
make_output (const char        *name,
             ProcstreamDelivery delivery,
             ProcstreamReplay   replay,
             guint              max_chunks)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (delivery, replay);
  ProcstreamOutputSettings settings;
  ProcstreamOutputCore    *self;

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_output_config_set_max_buffered_chunks (config, max_chunks);
  g_assert_true (procstream_output_config_resolve (config, name, PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET, 0, &settings, NULL));
  self = procstream_output_core_new (name, &settings, g_main_context_default (), &settings);
  procstream_output_core_hold (self);
  /* Never readable, and never at an end. */
  procstream_output_core_open_fd (self, eventfd (0, EFD_CLOEXEC));
  return self;
}

void
test_search_set_up_with (TestSearch        *fixture,
                         ProcstreamDelivery delivery,
                         ProcstreamReplay   replay,
                         guint              max_chunks)
{
  fixture->outputs[0] = make_output ("stdout", delivery, replay, max_chunks);
  fixture->outputs[1] = make_output ("stderr", delivery, replay, max_chunks);
  fixture->waiter = procstream_line_waiter_new ();
}

void
test_search_set_up (TestSearch   *fixture,
                    gconstpointer data)
{
  test_search_set_up_with (fixture, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL, 100);
}

static gboolean
is_let_go (gpointer data)
{
  TestSearch *self = data;

  return !self->in_both || g_atomic_int_get (&self->n_freed) > 0;
}

void
test_search_tear_down (TestSearch   *fixture,
                       gconstpointer data)
{
  g_clear_object (&fixture->waiter);
  test_hold_pass ();
  /* What was on its way to this thread may be the last that holds it. */
  test_run_until (NULL, "a search in both to be let go", is_let_go, fixture);
  for (guint i = 0; i < 2; i++)
    {
      procstream_output_core_release (fixture->outputs[i]);
      procstream_output_core_unref (fixture->outputs[i]);
    }
}

void
test_search_add (TestSearch          *fixture,
                 const char          *pattern,
                 ProcstreamMatchFlags flags)
{
  g_autoptr (GError) error = NULL;

  procstream_line_waiter_add_pattern (fixture->waiter, pattern, flags, &error);
  g_assert_no_error (error);
}

void
test_search_attach (TestSearch *fixture)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_attach (PROCSTREAM_CONSUMER (fixture->waiter), fixture->outputs[0], PROCSTREAM_DELIVERY_RELIABLE, &error);
  g_assert_no_error (error);
}

static void
over_cb (gpointer data)
{
  ((TestSearch *) data)->n_over++;
}

static void
freed_cb (gpointer data)
{
  g_atomic_int_inc (&((TestSearch *) data)->n_freed);
}

void
test_search_attach_both (TestSearch *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->in_both = TRUE;
  procstream_line_waiter_attach_both (fixture->waiter, fixture->outputs, "prog", over_cb, fixture, freed_cb, &error);
  g_assert_no_error (error);
}

void
test_search_feed_at (TestSearch *fixture,
                     guint       output,
                     gint64      time_us,
                     const char *text)
{
  procstream_output_core_feed (fixture->outputs[output], procstream_chunk_new_copy (text, strlen (text), time_us));
}

void
test_search_feed (TestSearch *fixture,
                  const char *text)
{
  test_search_feed_at (fixture, 0, 0, text);
}

void
test_search_end (TestSearch *fixture,
                 guint       output,
                 GError     *error)
{
  procstream_output_core_feed_end (fixture->outputs[output], error);
}

ProcstreamMatch *
test_search_wait_match (TestSearch *fixture)
{
  g_autoptr (GError) error = NULL;
  ProcstreamMatch *match = procstream_line_waiter_wait_match (fixture->waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (match == procstream_line_waiter_get_match (fixture->waiter));
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_DONE);
  return match;
}

void
test_search_expect_match (TestSearch *fixture,
                          const char *text,
                          const char *stream,
                          guint64     number,
                          guint       pattern)
{
  g_autoptr (ProcstreamMatch) match = test_search_wait_match (fixture);
  ProcstreamLine *line = procstream_match_get_line (match);

  g_assert_cmpstr (procstream_match_get_text (match), ==, text);
  g_assert_cmpstr (procstream_line_get_stream (line), ==, stream);
  g_assert_cmpuint (procstream_line_get_number (line), ==, number);
  g_assert_cmpuint (procstream_match_get_pattern (match), ==, pattern);
}

/* Returns the message. */
char *
test_search_expect_error (TestSearch *fixture,
                          GQuark      domain,
                          int         code)
{
  g_autoptr (GError) error = NULL;
  ProcstreamMatch *match = procstream_line_waiter_wait_match (fixture->waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);

  g_assert_null (match);
  g_assert_error (error, domain, code);
  g_assert_null (procstream_line_waiter_get_match (fixture->waiter));
  return g_strdup (error->message);
}

void
test_search_expect_in (const char *message,
                       const char *part)
{
  if (strstr (message, part) == NULL)
    g_test_message ("no “%s” in: %s", part, message);
  g_assert_nonnull (strstr (message, part));
}

/* Nobody subscribes any more. */
void
test_search_expect_free (TestSearch *fixture,
                         guint       output)
{
  procstream_output_core_release (fixture->outputs[output]);
  g_assert_cmpint (procstream_output_core_get_state (fixture->outputs[output]), >=, PROCSTREAM_OUTPUT_STATE_ENDED);
  procstream_output_core_hold (fixture->outputs[output]);
}
