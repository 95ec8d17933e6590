/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-spill-private.h"

#include "test-utils.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In place of the functions of the C library, for GLib and the library too. */
static gboolean map_fails;
static int      read_errno;

void *
mmap (void  *address,
      size_t size,
      int    protection,
      int    flags,
      int    fd,
      off_t  offset)
{
  if (map_fails && fd >= 0)
    {
      errno = ENODEV;
      return MAP_FAILED;
    }
  return (void *) syscall (SYS_mmap, address, size, protection, flags, fd, offset);
}

ssize_t
pread (int    fd,
       void  *buffer,
       size_t size,
       off_t  offset)
{
  if (read_errno && offset > 0)
    {
      errno = read_errno;
      return -1;
    }
  /* It may give less than is asked for. */
  return syscall (SYS_pread64, fd, buffer, MIN (size, 3), offset);
}

static ProcstreamSpill *
make_spill (const char *text)
{
  g_autoptr (GError) error = NULL;
  ProcstreamSpill *spill = procstream_spill_new (&error);
  gsize            written;

  g_assert_no_error (error);
  g_assert_true (procstream_spill_append (spill, text, strlen (text), &written, &error));
  g_assert_cmpuint (written, ==, strlen (text));
  return spill;
}

static void
assert_bytes (GBytes     *bytes, /* (transfer full) */
              const char *expected)
{
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
  g_bytes_unref (bytes);
}

/* What is there is given, whether it can be mapped or has to be read, and what is appended goes on behind it. */
static void
test_contents (void)
{
  for (int fails = FALSE; fails <= TRUE; fails++)
    {
      ProcstreamSpill *spill = make_spill ("0123456789");
      GBytes          *early;
      gsize            written;

      map_fails = fails;
      assert_bytes (procstream_spill_map (spill, 0), "");
      assert_bytes (procstream_spill_map (spill, 4), "0123");
      early = procstream_spill_map (spill, 10);
      g_assert_true (procstream_spill_append (spill, "abc", 3, &written, NULL));
      assert_bytes (procstream_spill_map (spill, 13), "0123456789abc");
      procstream_spill_free (spill);
      assert_bytes (early, "0123456789");
      map_fails = FALSE;
    }
}

/* A disk that cannot be read is no empty output: the program hears of it. */
static void
test_read_error (void)
{
  ProcstreamSpill *spill = make_spill ("0123456789");

  map_fails = TRUE;
  read_errno = EIO;
  g_test_expect_message ("Procstream", G_LOG_LEVEL_WARNING, "Could not read from a temporary file in *: 7 of 10 bytes are missing");
  assert_bytes (procstream_spill_map (spill, 10), "012");
  g_test_assert_expected_messages ();
  read_errno = 0;
  map_fails = FALSE;
  procstream_spill_free (spill);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/spill/contents", test_contents);
  g_test_add_func ("/spill/read-error", test_read_error);
  return g_test_run ();
}
