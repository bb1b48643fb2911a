{ What lapis.iss needs beside its tables. Part of that script: its names in braces after a # are
  filled in before this is compiled. }

const
  InstalledKey = 'Software\Microsoft\Windows\CurrentVersion\Uninstall\{{#Guid}}_is1';
  EnvironmentKey = 'Environment';
  SecondsToEnd = 20;

var
  OlderVersion: String;
  LapisWasEnded: Boolean;

{ Versions. }

{ '1.2.0rc1' as '1.2.0': a version before a release counts as the release. }
function NumbersOf(const Version: String): String;
var
  Place: Integer;
begin
  Place := 1;
  while (Place <= Length(Version)) and (Pos(Version[Place], '0123456789.') > 0) do
    Place := Place + 1;
  Result := Copy(Version, 1, Place - 1);
end;

function IsNewer(const Version, Other: String): Boolean;
var
  Packed1, Packed2: Int64;
begin
  Result := StrToVersion(NumbersOf(Version), Packed1) and StrToVersion(NumbersOf(Other), Packed2)
    and (ComparePackedVersion(Packed1, Packed2) > 0);
end;

function IsFirst: Boolean;
begin
  Result := OlderVersion = '';
end;

function InitializeSetup: Boolean;
begin
  Result := True;
  if not RegQueryStringValue(HKCU, InstalledKey, 'DisplayVersion', OlderVersion) then
    OlderVersion := '';
  if IsNewer(OlderVersion, '{#Version}') then
  begin
    SuppressibleMsgBox(FmtMessage(CustomMessage('NewerIsHere'), [OlderVersion, '{#Version}']),
      mbInformation, MB_OK, IDOK);
    Result := False;
  end;
end;

{ The running Lapis. }

function IsLapisIn(const Folder: String): Boolean;
begin
  Result := FileExists(Folder + '\{#Program}');
end;

{ Asks the Lapis that runs to end, and waits for it. True when none runs any more. }
function EndLapis(const Folder: String): Boolean;
var
  Tries, Code: Integer;
begin
  Result := not CheckForMutexes('{#Running}');
  if Result or not IsLapisIn(Folder) then
    Exit;
  Exec(Folder + '\{#Program}', '--quit', Folder, SW_HIDE, ewNoWait, Code);
  Tries := SecondsToEnd * 10;
  while CheckForMutexes('{#Running}') and (Tries > 0) do
  begin
    Sleep(100);
    Tries := Tries - 1;
  end;
  Result := Tries > 0;
  LapisWasEnded := Result;
end;

function WasEnded: Boolean;
begin
  Result := LapisWasEnded;
end;

function PrepareToInstall(var NeedsRestart: Boolean): String;
begin
  Result := '';
  if not EndLapis(ExpandConstant('{app}')) then
    Result := CustomMessage('StillRunning');
end;

{ Model files. }

function HasOther(const Root: Integer): Boolean;
var
  Kind: String;
begin
  Result := RegQueryStringValue(Root, 'Software\Classes\.gguf', '', Kind) and (Kind <> '')
    and (Kind <> '{#FileKind}');
end;

{ Whether no other program has .gguf, for this account or for all. What a person chose in Windows
  itself comes before this anyway. }
function IsKindFree: Boolean;
begin
  Result := not HasOther(HKCU) and not HasOther(HKLM);
end;

procedure GiveKindBack;
var
  Kind: String;
begin
  if RegQueryStringValue(HKCU, 'Software\Classes\.gguf', '', Kind) and (Kind = '{#FileKind}') then
    RegDeleteValue(HKCU, 'Software\Classes\.gguf', '');
  RegDeleteKeyIfEmpty(HKCU, 'Software\Classes\.gguf');
end;

{ Starting at login: the settings of Lapis write the same value, so it is not looked for in the list
  of what was installed. One that starts another Lapis stays. }

procedure RemoveLogin;
var
  Command: String;
begin
  if RegQueryStringValue(HKCU, '{#LoginKey}', '{#LoginName}', Command)
    and (Pos(Lowercase(ExpandConstant('{app}\')), Lowercase(Command)) > 0) then
  begin
    RegDeleteValue(HKCU, '{#LoginKey}', '{#LoginName}');
    RegDeleteValue(HKCU, '{#ApprovedKey}', '{#LoginName}');
  end;
end;

{ The search path of the account. }

function IsOnPath(const Folders, Folder: String): Boolean;
begin
  Result := Pos(';' + Lowercase(Folder) + ';', ';' + Lowercase(Folders) + ';') > 0;
end;

procedure AddToPath(const Folder: String);
var
  Folders: String;
begin
  if not RegQueryStringValue(HKCU, EnvironmentKey, 'Path', Folders) then
    Folders := '';
  if IsOnPath(Folders, Folder) then
    Exit;
  if (Folders <> '') and (Folders[Length(Folders)] <> ';') then
    Folders := Folders + ';';
  RegWriteExpandStringValue(HKCU, EnvironmentKey, 'Path', Folders + Folder);
end;

procedure RemoveFromPath(const Folder: String);
var
  Folders: String;
  Place: Integer;
begin
  if not RegQueryStringValue(HKCU, EnvironmentKey, 'Path', Folders)
    or not IsOnPath(Folders, Folder) then
    Exit;
  Place := Pos(';' + Lowercase(Folder) + ';', ';' + Lowercase(Folders) + ';');
  Delete(Folders, Place, Length(Folder) + 1);
  { It was the last one. }
  if (Place > 1) and (Place > Length(Folders)) then
    Delete(Folders, Length(Folders), 1);
  if Folders = '' then
    RegDeleteValue(HKCU, EnvironmentKey, 'Path')
  else
    RegWriteExpandStringValue(HKCU, EnvironmentKey, 'Path', Folders);
end;

procedure CurStepChanged(CurStep: TSetupStep);
begin
  if (CurStep = ssPostInstall) and WizardIsTaskSelected('path') then
    AddToPath(ExpandConstant('{app}'));
end;

{ Taking Lapis away. }

procedure AskAboutData;
var
  Folder: String;
begin
  Folder := ExpandConstant('{#Data}');
  if UninstallSilent or not DirExists(Folder) then
    Exit;
  if MsgBox(FmtMessage(CustomMessage('DeleteData'), [Folder]), mbConfirmation,
    MB_YESNO or MB_DEFBUTTON2) = IDYES then
    DelTree(Folder, True, True, True);
end;

procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
begin
  case CurUninstallStep of
    usAppMutexCheck:
      if not EndLapis(ExpandConstant('{app}')) then
      begin
        SuppressibleMsgBox(CustomMessage('StillRunning'), mbError, MB_OK, IDOK);
        Abort;
      end;
    usUninstall:
      begin
        RemoveLogin;
        RemoveFromPath(ExpandConstant('{app}'));
      end;
    usPostUninstall:
      begin
        GiveKindBack;
        AskAboutData;
      end;
  end;
end;
