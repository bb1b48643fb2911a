; The English words of lapis.iss itself; the rest is in Inno Setup's own file.

[CustomMessages]
Purpose=An assistant that answers on this computer
TaskAssociate=Open model files (.gguf) with Lapis
TaskStartup=Start Lapis when I sign in
TaskDesktopIcon=Put an icon on the desktop
TaskPath=Find the command lapis in every terminal (PATH)
KindOfFile=Language model
StartNow=Start Lapis
NewerIsHere=Lapis %1 is installed, which is newer than this one (%2).%n%nAn older Lapis may not be able to read your chats, so nothing was changed. If you want it all the same, uninstall Lapis %1 first and keep your data.
StillRunning=Lapis is still running and could not be ended. Quit it from its icon beside the clock, end its commands in terminals, then try again.
DeleteData=Also delete your chats, settings and downloaded models?%n%nThey are in %1. This cannot be undone.
