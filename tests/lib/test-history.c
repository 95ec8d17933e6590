/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-history.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SEED 1

static GByteArray *
make (const TestHistories *self,
      guint32              seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  guint       size = self->setup + self->operation * g_rand_int_range (random, 1, self->most_operations + 1);
  GByteArray *history = g_byte_array_sized_new (size);

  for (guint i = 0; i < size; i++)
    {
      guint8 byte = g_rand_int (random) >> 8;

      if (self->often && g_rand_boolean (random))
        byte = self->often[g_rand_int_range (random, 0, self->n_often)];
      g_byte_array_append (history, &byte, 1);
    }
  return history;
}

/* --- Shrinking ---------------------------------------------------------------------------------------------------------------- */

static gboolean
fails (const TestHistories *self,
       const GByteArray    *history)
{
  g_autofree char *failure = self->run (history->data, history->len);

  return failure != NULL;
}

static GByteArray *
copy (const GByteArray *history)
{
  return g_byte_array_append (g_byte_array_sized_new (history->len), history->data, history->len);
}

static void
assign (GByteArray       *history,
        const GByteArray *other)
{
  g_byte_array_set_size (history, 0);
  g_byte_array_append (history, other->data, other->len);
}

/* Without @n operations in a row, wherever it still fails then. */
static gboolean
leave_out (const TestHistories *self,
           GByteArray          *history,
           gsize                n)
{
  gboolean any = FALSE;

  for (gsize i = self->setup; i + n * self->operation <= history->len;)
    {
      g_autoptr (GByteArray) less = copy (history);

      g_byte_array_remove_range (less, i, n * self->operation);
      if (fails (self, less))
        {
          assign (history, less);
          any = TRUE;
        }
      else
        {
          i += self->operation;
        }
    }
  return any;
}

static gboolean
set_byte (const TestHistories *self,
          GByteArray          *history,
          gsize                i,
          guint8               byte)
{
  guint8 was = history->data[i];

  history->data[i] = byte;
  if (was != byte && fails (self, history))
    return TRUE;
  history->data[i] = was;
  return FALSE;
}

/* With the smallest byte at each place with which it still fails: 0, or what halving finds, which need not be the smallest of all. */
static gboolean
lower (const TestHistories *self,
       GByteArray          *history)
{
  gboolean any = FALSE;

  for (gsize i = 0; i < history->len; i++)
    {
      guint low = 1;

      any |= set_byte (self, history, i, 0);
      while (low < history->data[i])
        {
          guint8 middle = (low + history->data[i]) / 2;

          if (set_byte (self, history, i, middle))
            any = TRUE;
          else
            low = middle + 1u;
        }
    }
  return any;
}

void
test_histories_shrink (const TestHistories *self,
                       GByteArray          *history)
{
  gboolean smaller = TRUE;

  while (smaller)
    {
      smaller = FALSE;
      for (gsize n = (history->len - self->setup) / self->operation; n > 0; n /= 2)
        smaller |= leave_out (self, history, n);
      smaller |= lower (self, history);
    }
}

/* --- Telling ------------------------------------------------------------------------------------------------------------------ */

static char *
to_hex (const GByteArray *history)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < history->len; i++)
    g_string_append_printf (text, "%s%02x", i > 0 ? " " : "", history->data[i]);
  return g_string_free (text, FALSE);
}

static GByteArray *
from_hex (const char *text)
{
  GByteArray *history = g_byte_array_new ();
  g_auto (GStrv) numbers = g_strsplit_set (text, " ,", -1);

  for (char **number = numbers; *number; number++)
    {
      guint8 byte = strtoul (*number, NULL, 16);

      if (**number)
        g_byte_array_append (history, &byte, 1);
    }
  return history;
}

static gboolean
check (const TestHistories *self,
       GByteArray          *history,
       guint                seed)
{
  g_autofree char *failure = self->run (history->data, history->len);
  g_autofree char *text = NULL;

  if (failure == NULL)
    return TRUE;
  test_histories_shrink (self, history);
  g_free (failure);
  failure = self->run (history->data, history->len);
  text = to_hex (history);
  g_printerr ("# %s, seed %u: %s; the smallest history that does so: PROCSTREAM_TEST_HISTORY=\"%s\"\n", self->name, seed, failure, text);
  g_test_fail ();
  return FALSE;
}

static guint
get_number (const char *variable,
            guint       otherwise)
{
  const char *text = g_getenv (variable);

  return text ? strtoul (text, NULL, 10) : otherwise;
}

static volatile guint current_seed;

/* An assertion of what is tested leaves no time to shrink anything, but the seed is worth a line. */
static void
aborted_cb (int number)
{
  char  digits[16];
  guint n = sizeof digits;

  digits[--n] = '\n';
  for (guint seed = current_seed; n > 0 && (seed > 0 || n == sizeof digits - 1); seed /= 10)
    digits[--n] = '0' + seed % 10;
  if (write (STDERR_FILENO, "# Aborted in seed ", 18) < 0 || write (STDERR_FILENO, digits + n, sizeof digits - n) < 0)
    _exit (1);
  signal (number, SIG_DFL);
  raise (number);
}

void
test_histories_run (const TestHistories *self)
{
  guint first = get_number ("PROCSTREAM_TEST_SEED", FIRST_SEED);
  /* valgrind is some fifty times slower, and looks for something else. */
  guint       count = get_number ("PROCSTREAM_TEST_HISTORIES", g_getenv ("PROCSTREAM_TEST_VALGRIND") ? self->count / 20 : self->count);
  const char *only = g_getenv ("PROCSTREAM_TEST_HISTORY");

  if (only)
    {
      g_autoptr (GByteArray) history = from_hex (only);

      check (self, history, 0);
      return;
    }
  signal (SIGABRT, aborted_cb);
  signal (SIGTRAP, aborted_cb);
  for (guint seed = first; seed < first + count; seed++)
    {
      g_autoptr (GByteArray) history = make (self, seed);

      current_seed = seed;
      if (!check (self, history, seed))
        break;
    }
  signal (SIGABRT, SIG_DFL);
  signal (SIGTRAP, SIG_DFL);
}
