#include "program.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support.h"

static void read_back(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    fclose(file);
}

const outcome *run_program(const char *environment, const char *arguments)
{
    static outcome result;
    char folder[] = "/tmp/maskinfo-test-XXXXXX", command[4096], out[64], err[64];
    assert_non_null(mkdtemp(folder));
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(err, sizeof err, "%s/err", folder);
    snprintf(command, sizeof command, "%s timeout 300 %s/maskinfo %s >%s 2>%s", environment,
             MI_BUILD, arguments, out, err);
    int status = system(command);
    result.status = WIFEXITED(status) && WEXITSTATUS(status) != 124 ? WEXITSTATUS(status) : -1;
    read_back(out, result.out, sizeof result.out);
    read_back(err, result.err, sizeof result.err);
    remove(out);
    remove(err);
    remove(folder);
    return &result;
}

const char *fresh_folder(void)
{
    static char folder[64];
    strcpy(folder, "/tmp/maskinfo-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

size_t count_entries(const char *folder)
{
    DIR *open_folder = opendir(folder);
    size_t count = 0;
    if (open_folder == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(open_folder); entry != NULL; entry = readdir(open_folder)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(open_folder);
    return count;
}
