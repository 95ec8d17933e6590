/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-cache-private.h"
#include "procstream-line-private.h"

#include "test-utils.h"

static ProcstreamLine *
new_line (guint64 number)
{
  return procstream_line_new ("x", 1, number, 0, "test", PROCSTREAM_LINE_END_SEPARATOR);
}

static void
test_same_while_held (void)
{
  ProcstreamLineCache *cache = procstream_line_cache_new ();
  ProcstreamLine      *line = new_line (1);
  ProcstreamLine      *again;

  g_assert_null (procstream_line_cache_get (cache, 7));
  procstream_line_cache_put (cache, 7, line);
  again = procstream_line_cache_get (cache, 7);
  g_assert_true (again == line);
  g_object_unref (again);
  g_assert_cmpint (G_OBJECT (line)->ref_count, ==, 1);
  g_object_unref (line);
  g_assert_null (procstream_line_cache_get (cache, 7));

  line = new_line (2);
  procstream_line_cache_put (cache, 7, line);
  again = procstream_line_cache_get (cache, 7);
  g_assert_true (again == line);
  g_object_unref (again);
  g_assert_cmpuint (procstream_line_cache_get_size (cache), ==, 1);
  /* What it knows may outlive it. */
  procstream_line_cache_free (cache);
  g_assert_cmpuint (procstream_line_get_number (line), ==, 2);
  g_object_unref (line);
}

/* Entries whose objects are gone do not pile up; those of living ones stay. */
static void
test_swept (void)
{
  ProcstreamLineCache *cache = procstream_line_cache_new ();
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint64 id = 0; id < 10000; id++)
    {
      ProcstreamLine *line = new_line (id);

      procstream_line_cache_put (cache, id, line);
      if (id % 100 == 0)
        g_ptr_array_add (held, line);
      else
        g_object_unref (line);
      g_assert_cmpuint (procstream_line_cache_get_size (cache), <=, MAX (64, 2 * held->len + 1));
    }
  for (guint i = 0; i < held->len; i++)
    {
      g_autoptr (ProcstreamLine) line = procstream_line_cache_get (cache, i * 100);

      g_assert_true (line == g_ptr_array_index (held, i));
    }
  procstream_line_cache_free (cache);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/line-cache/same-while-held", test_same_while_held);
  g_test_add_func ("/line-cache/swept", test_swept);
  return g_test_run ();
}
