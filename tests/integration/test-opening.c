/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-stream.h"
#include "test-utils.h"

/* Whoever attaches before the main context iterates gets what was read before that, whatever the replay. */

static ProcstreamCollector *
attach (TestStream        *stream,
        ProcstreamDelivery delivery)
{
  ProcstreamCollector *collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GError) error = NULL;

  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (collector), delivery);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), &error);
  g_assert_no_error (error);
  return collector;
}

static void
check (ProcstreamCollector *collector,
       const char          *expected,
       guint64              lost)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 30000, NULL, &error);
  g_assert_no_error (error);
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (collector)), ==, lost);
  /* And it does not pass for all of it. */
  g_assert_cmpint (procstream_collector_get_truncated (collector), ==, lost > 0);
}

static void
test_consumer (gconstpointer data)
{
  ProcstreamDelivery delivery = GPOINTER_TO_INT (data);
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = PROCSTREAM_REPLAY_NONE });
  g_autoptr (ProcstreamCollector) early = NULL;
  g_autoptr (ProcstreamCollector) late = NULL;

  test_stream_write_read (stream, "one");
  early = attach (stream, PROCSTREAM_DELIVERY_UNSET);
  test_iterate ();
  late = attach (stream, PROCSTREAM_DELIVERY_UNSET);
  test_stream_write_read (stream, "two");
  test_stream_close (stream);
  check (early, "onetwo", 0);
  check (late, "two", 0);
}

/* A lossy output cannot hold more than its live window: what went is a gap, not a silence. */
static void
test_lossy_window (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_LOSSY, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = 2 });
  g_autoptr (ProcstreamCollector) lossy = NULL;
  g_autoptr (ProcstreamCollector) reliable = NULL;

  test_stream_write_read (stream, "one");
  test_stream_write_read (stream, "two");
  test_stream_write_read (stream, "three");
  lossy = attach (stream, PROCSTREAM_DELIVERY_LOSSY);
  reliable = attach (stream, PROCSTREAM_DELIVERY_RELIABLE);
  test_stream_close (stream);
  check (lossy, "twothree", 3);
  check (reliable, "twothree", 3);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_add_data_func ("/opening/reliable", GINT_TO_POINTER (PROCSTREAM_DELIVERY_RELIABLE), test_consumer);
  test_add_data_func ("/opening/lossy", GINT_TO_POINTER (PROCSTREAM_DELIVERY_LOSSY), test_consumer);
  test_add_func ("/opening/lossy-window", test_lossy_window);
  return g_test_run ();
}
