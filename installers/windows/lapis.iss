; The setup program of Lapis for Windows, for Inno Setup 6.4. installers/windows/make.py calls the
; compiler and gives it, as /D…:
;   Version   the version as people read it          Numbers  the same as four numbers
;   Source    the folder to be installed             Output   the folder for the setup program
;   Name      its name, without .exe                 Artwork  the folder with icon and pictures
;   Arch      x64 or arm64; x86 is for the tests under Wine, which run the same script in 32 bits
;   Sign      anything: sign with the tool that the command line calls "lapis"
; For one account, without an administrator. A silent run never asks, and never deletes what belongs
; to the person.

#ifndef Version
  #error Call installers/windows/make.py
#endif

; Never to be changed: by it the next version finds this one.
#define Guid "4E6C68EB-C700-46AF-B16A-D3C430C72FCB"
; All of these as the program has them: tests/unit/test_windows_setup_script.py compares.
#define Program "lapis-gui.exe"
#define Running "Lapis-4F6A3C52"
#define UserModel "LapisAssistant.Lapis"
#define LoginName "io.github.lapis_assistant.Lapis"
#define LoginKey "Software\Microsoft\Windows\CurrentVersion\Run"
#define ApprovedKey "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
#define Data "{localappdata}\lapis"
#define FileKind "Lapis.gguf"

[Setup]
AppId={{{#Guid}}
AppName=Lapis
AppVersion={#Version}
AppVerName=Lapis {#Version}
AppPublisher=Lapis
VersionInfoVersion={#Numbers}
VersionInfoDescription=Lapis
UninstallDisplayName=Lapis
UninstallDisplayIcon={app}\{#Program}
OutputDir={#Output}
OutputBaseFilename={#Name}
PrivilegesRequired=lowest
DefaultDirName={localappdata}\Programs\Lapis
DisableProgramGroupPage=yes
UsePreviousTasks=no
; What Qt 6.11 runs on: Windows 10 of 2018.
MinVersion=10.0.17763
#if Arch == "x64"
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
#elif Arch == "arm64"
ArchitecturesAllowed=arm64
ArchitecturesInstallIn64BitMode=arm64
#else
ArchitecturesAllowed=x86compatible
#endif
; AppMutex would ask people to close Lapis themselves; the code below asks Lapis.
SetupMutex=Lapis-setup-{#Guid}
CloseApplications=force
CloseApplicationsFilter=*.exe,*.dll,*.pyd
RestartApplications=no
ChangesAssociations=yes
ChangesEnvironment=yes
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
SetupIconFile={#Artwork}\lapis.ico
WizardImageFile={#Artwork}\wizard-*.bmp
WizardSmallImageFile={#Artwork}\corner-*.bmp
ShowLanguageDialog=auto
#ifdef Sign
SignTool=lapis
SignedUninstaller=yes
#endif

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl,english.isl"
Name: "zh"; MessagesFile: "chinese.isl"

[Tasks]
; Offered once. Afterwards the settings of Lapis and of Windows are the place for each of them, and
; an upgrade that set them again would undo what was chosen there.
Name: "associate"; Description: "{cm:TaskAssociate}"; Check: IsFirst and IsKindFree
Name: "startup"; Description: "{cm:TaskStartup}"; Flags: unchecked; Check: IsFirst
Name: "desktopicon"; Description: "{cm:TaskDesktopIcon}"; Flags: unchecked; Check: IsFirst
Name: "path"; Description: "{cm:TaskPath}"; Flags: unchecked; Check: IsFirst

[InstallDelete]
; Libraries that the new version does not bring along would be loaded by it all the same.
Type: filesandordirs; Name: "{app}\_internal"; Check: IsLapisIn(ExpandConstant('{app}'))

[Files]
Source: "{#Source}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\Lapis"; Filename: "{app}\{#Program}"; WorkingDir: "{app}"; AppUserModelID: "{#UserModel}"; Comment: "{cm:Purpose}"
Name: "{autodesktop}\Lapis"; Filename: "{app}\{#Program}"; WorkingDir: "{app}"; AppUserModelID: "{#UserModel}"; Comment: "{cm:Purpose}"; Tasks: desktopicon

[Registry]
; Lapis is among "Open with" for model files. A double click opens them with Lapis only if it was
; asked for and nobody else has them: see the task.
Root: HKCU; Subkey: "Software\Classes\{#FileKind}"; ValueType: string; ValueData: "{cm:KindOfFile}"; Flags: uninsdeletekey
Root: HKCU; Subkey: "Software\Classes\{#FileKind}"; ValueType: string; ValueName: "AppUserModelID"; ValueData: "{#UserModel}"
Root: HKCU; Subkey: "Software\Classes\{#FileKind}\DefaultIcon"; ValueType: string; ValueData: "{app}\{#Program},0"
Root: HKCU; Subkey: "Software\Classes\{#FileKind}\shell\open\command"; ValueType: string; ValueData: """{app}\{#Program}"" ""%1"""
Root: HKCU; Subkey: "Software\Classes\Applications\{#Program}"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "Lapis"; Flags: uninsdeletekey
Root: HKCU; Subkey: "Software\Classes\Applications\{#Program}\SupportedTypes"; ValueType: string; ValueName: ".gguf"
Root: HKCU; Subkey: "Software\Classes\Applications\{#Program}\shell\open\command"; ValueType: string; ValueData: """{app}\{#Program}"" ""%1"""
Root: HKCU; Subkey: "Software\Classes\.gguf"; Flags: uninsdeletekeyifempty
Root: HKCU; Subkey: "Software\Classes\.gguf\OpenWithProgids"; ValueType: string; ValueName: "{#FileKind}"; Flags: uninsdeletevalue uninsdeletekeyifempty
Root: HKCU; Subkey: "Software\Classes\.gguf"; ValueType: string; ValueData: "{#FileKind}"; Tasks: associate; Check: IsKindFree
Root: HKCU; Subkey: "{#LoginKey}"; ValueType: string; ValueName: "{#LoginName}"; ValueData: """{app}\{#Program}"" --background"; Tasks: startup

[Run]
Filename: "{app}\{#Program}"; WorkingDir: "{app}"; Description: "{cm:StartNow}"; Flags: nowait postinstall skipifsilent
Filename: "{app}\{#Program}"; Parameters: "--background"; WorkingDir: "{app}"; Flags: nowait skipifnotsilent; Check: WasEnded

[Code]
#include "lapis_code.pas"
