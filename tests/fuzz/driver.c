/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Fuzz targets. Each one defines LLVMFuzzerTestOneInput(); what fails aborts.
 *
 * Built with -Dfuzzing=true and clang, a target is a libFuzzer program: fuzz-chunk-log -max_total_time=600 some-directory/ corpus/NAME/
 * (what it finds goes into the first). Built otherwise it is linked with this file and is a plain test, so that it cannot rot: without
 * arguments it runs on the inputs below corpus/NAME, and on random ones that are the same in every run; with arguments, on these
 * files. An input that once failed belongs into corpus/NAME, and its name into meson.build.
 */

#include <gio/gio.h>

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

#define N_RANDOM 2000
#define MAX_SIZE 400

static guint
run_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  gsize            size;

  if (!g_file_get_contents (path, &data, &size, &error))
    g_error ("%s", error->message);
  LLVMFuzzerTestOneInput ((const guint8 *) data, size);
  return 1;
}

static guint
run_corpus (const char *program)
{
  const char      *source = g_getenv ("PROCSTREAM_FUZZ_CORPUS");
  g_autofree char *name = g_path_get_basename (program);
  g_autofree char *directory = g_build_filename (source ? source : "corpus", name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (directory, 0, &error);
  const char *entry;
  guint       count = 0;

  if (!dir)
    g_error ("%s", error->message);
  while ((entry = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (directory, entry, NULL);

      count += run_file (path);
    }
  if (count == 0)
    g_error ("There is nothing below %s", directory);
  return count;
}

static guint
run_random (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint count = g_getenv ("PROCSTREAM_TEST_VALGRIND") ? N_RANDOM / 20 : N_RANDOM;

  for (guint i = 0; i < count; i++)
    {
      gsize size = g_rand_int_range (random, 0, MAX_SIZE);
      /* Of its exact size, so that reading past it shows. */
      g_autofree guint8 *data = g_malloc (MAX (size, 1));

      for (gsize j = 0; j < size; j++)
        data[j] = g_rand_int (random) >> 8;
      LLVMFuzzerTestOneInput (data, size);
    }
  return count;
}

int
main (int    argc,
      char **argv)
{
  guint count = 0;

  for (int i = 1; i < argc; i++)
    count += run_file (argv[i]);
  if (argc == 1)
    count = run_corpus (argv[0]) + run_random ();
  g_print ("%u inputs\n", count);
  return 0;
}
