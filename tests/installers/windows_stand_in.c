/* What stands in for Lapis while its setup program is tested under Wine: no part of Lapis.
 *
 * It holds the mutex that Lapis holds, runs until it is told to quit, and notes what it was started
 * with in the file notes.txt in the temporary folder of its account.
 */
#include <stdio.h>
#include <windows.h>

static void note(const wchar_t *words)
{
    wchar_t path[MAX_PATH + 16];
    FILE *file;

    GetTempPathW(MAX_PATH, path);
    wcscat(path, L"notes.txt");
    file = _wfopen(path, L"a");
    if (file != NULL) {
        fwprintf(file, L"%ls\n", words);
        fclose(file);
    }
}

int WINAPI wWinMain(HINSTANCE program, HINSTANCE none, wchar_t *words, int how)
{
    HANDLE end = CreateEventW(NULL, TRUE, FALSE, L"stand-in-is-to-end");

    note(*words != 0 ? words : L"nothing");
    if (wcsstr(words, L"--quit") != NULL) {
        SetEvent(end);
        return 0;
    }
    CreateMutexW(NULL, FALSE, L"Lapis-4F6A3C52");
    WaitForSingleObject(end, 60000);
    return 0;
}
