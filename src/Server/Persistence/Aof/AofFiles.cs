using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Rdb;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>The files of the AOF and their manifest, on the disk. Under the executor's lock.</summary>
sealed class AofFiles(RdbSaving saving, PersistenceSettings settings, ServerLog log)
{
    // The list on disk; see Adopt.
    AofManifest _onDisk = AofManifest.Empty;

    // Keeps other servers away from the files of that name.
    (IDisposable Lock, string Path)? _claim;

    /// <summary>The list, as it is on disk or is about to be.</summary>
    public AofManifest Manifest { get; private set; } = AofManifest.Empty;

    /// <summary>The files' directory.</summary>
    public string Directory => settings.PathOf(settings.AppendDirname);

    /// <summary>The file of the list.</summary>
    public string ManifestPath => PathOf(settings.AppendFilename + ".manifest");

    /// <summary>The file that is locked while a server uses files of these names. Servers with other names may share the directory.</summary>
    string LockPath => PathOf(settings.AppendFilename + ".lock");

    /// <summary>The file that is being written.</summary>
    public string CurrentPath => PathOf(Manifest.Incremental[^1].Name);

    /// <summary>Bytes of the base and of closed incremental files.</summary>
    public long ClosedBytes { get; private set; }

    /// <summary>Whether what a rewrite replaces stays on the disk, on no list: it holds more than was loaded.</summary>
    public bool KeepsReplaced { get; set; }

    public string PathOf(string name) => Path.Combine(Directory, ConfigText.ToUnicode(name));

    /// <summary>
    /// Makes sure that the directory exists and that no other server writes files of these names: the files of two would be torn.
    /// Another may have changed the list before.
    /// </summary>
    /// <returns>False if another server has the files.</returns>
    /// <exception cref="IOException">The disk refuses.</exception>
    public bool TryClaim()
    {
        var directory = Directory;
        var path = LockPath;
        if (_claim is { } claim && claim.Path == path) return true;
        var files = saving.Files;
        Step($"Can't open or create append-only dir {directory}", () =>
        {
            if (files.CreateDirectory(directory)) files.SyncDirectory(Path.GetDirectoryName(directory)!);
        });
        if (files.TryLock(path) is not { } next) return false;
        Release();
        _claim = (next, path);
        return true;
    }

    /// <summary>As <see cref="TryClaim"/>; fails if another server has the files.</summary>
    public void Claim()
    {
        if (!TryClaim()) throw new IOException($"{Holder} writes the append only files in {Directory}");
    }

    /// <summary>The process that holds the files, as far as the system tells.</summary>
    public string Holder => LockFile.HolderOf(LockPath) is { } process ? $"Another server (process {process})" : "Another server";

    /// <summary>Lets other servers have the files.</summary>
    public void Release()
    {
        _claim?.Lock.Dispose();
        _claim = null;
    }

    /// <summary>Reads the list. Without a list there are no files.</summary>
    /// <exception cref="IOException">It cannot be read, or it cannot be told whether there is one.</exception>
    /// <exception cref="FormatException">The list is malformed.</exception>
    public void Load()
    {
        _onDisk = Disk.KindOf(ManifestPath) == PathKind.Nothing ? AofManifest.Empty : Read();
        Adopt(_onDisk);
    }

    // Names are bytes, like configuration text.
    AofManifest Read()
    {
        byte[] bytes = [];
        Step($"Fatal error: can't open the AOF manifest file {settings.AppendFilename}.manifest for reading",
            () => bytes = Disk.ReadAll(ManifestPath));
        return AofManifest.Parse(Encoding.Latin1.GetString(bytes));
    }

    /// <summary>Does something to a file, and logs what failed in Redis's words.</summary>
    void Step(string failed, Action act)
    {
        try
        {
            act();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.FileFailed(failed, DiskException.Describe(failure));
            throw;
        }
    }

    /// <summary>
    /// Moves an AOF of one file, as before Redis 7, into the directory: it becomes the base. Does nothing if there is a list.
    /// </summary>
    public void UpgradeIfNeeded()
    {
        var name = settings.AppendFilename;
        var old = settings.PathOf(name);
        if (Disk.KindOf(old) != PathKind.File) return;
        // The list is written first. If power fails before the file is moved, the next start finds it on the list and moves it.
        if (Disk.KindOf(ManifestPath) == PathKind.Nothing)
        {
            Commit(AofManifest.Upgraded(name));
        }
        else if (Read() is not { Base: { } first, Incremental.Count: 0, History.Count: 0 } || first.Name != name
            || Disk.KindOf(PathOf(name)) != PathKind.Nothing)
        {
            return;
        }
        // Where the directory is on another file system this fails. A copy in its place might be incomplete under that name.
        Step($"Error trying to move the old AOF file {name} into dir {settings.AppendDirname}", () => saving.Files.Replace(old, PathOf(name)));
        saving.Files.SyncDirectory(Directory);
        log.AofUpgraded(name, settings.AppendDirname);
    }

    /// <summary>Makes sure that there is a base, even an empty one, and opens the file to write to.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public IFileWriter Complete()
    {
        DeleteHistory();
        var manifest = Manifest;
        if (manifest.Incremental.Count > 0) return saving.Files.Append(CurrentPath);
        if (manifest.Base is null)
        {
            Claim();
            manifest = manifest.WithBase(settings.AppendFilename, settings.AofUseRdbPreamble, kept: 0);
            var name = manifest.Base!.Value.Name;
            log.AofBaseCreated(name);
            if (settings.AofUseRdbPreamble) saving.Write(PathOf(name), PathOf($"temp-{Environment.ProcessId}.aof"), isAofBase: true);
            else saving.Files.Create(PathOf(name)).Dispose();
        }
        return AddIncremental(manifest, isWritten: true);
    }

    /// <summary>
    /// Makes the next file to write to, and lists it. The file comes first: one that is listed and missing keeps the server from
    /// starting. It stays open: what is listed can be written though no descriptor is left.
    /// </summary>
    /// <param name="manifest">The list without it.</param>
    /// <param name="isWritten">Whether the list is written; otherwise see <see cref="Adopt"/>.</param>
    /// <exception cref="IOException">
    /// The disk refuses, and the list stays as it was. That on disk may have the file already, which is empty.
    /// </exception>
    public IFileWriter AddIncremental(AofManifest manifest, bool isWritten)
    {
        var before = Manifest;
        manifest = manifest.WithIncremental(settings.AppendFilename);
        var file = saving.Files.Create(PathOf(manifest.Incremental[^1].Name));
        try
        {
            if (isWritten) Commit(manifest);
            else Adopt(manifest);
            return file;
        }
        catch
        {
            file.Dispose();
            Adopt(before);
            throw;
        }
    }

    /// <summary>Replaces the list. Whenever power fails, the disk has either the new list or the old one, complete.</summary>
    public void Commit(AofManifest manifest)
    {
        var kept = KeepsReplaced ? manifest.History : [];
        if (kept.Count > 0) manifest = manifest.WithHistory([]);
        var files = saving.Files;
        Claim();
        var name = $"temp-{settings.AppendFilename}.manifest";
        var temporary = PathOf(name);
        IFileWriter file = null!;
        Step($"Can't open the AOF manifest file {name}", () => file = files.Create(temporary));
        using (file)
        {
            Step($"Error trying to write the temporary AOF manifest file {name}", () => file.Write(Encoding.Latin1.GetBytes(manifest.Format())));
            Step($"Fail to fsync the temp AOF file {name}", file.Sync);
        }
        Step($"Error trying to rename the temporary AOF manifest file {name} into {settings.AppendFilename}.manifest",
            () => files.Replace(temporary, ManifestPath));
        // The next start reads this list, unless power fails before it is synced.
        _onDisk = manifest;
        Adopt(manifest);
        Step($"Fail to fsync AOF directory {settings.AppendDirname}", () => files.SyncDirectory(Directory));
        if (kept.Count == 0) return;
        log.AofKept(string.Join(", ", kept.Select(file => file.Name)), settings.AppendDirname);
        // From here on the list holds only files that exist.
        KeepsReplaced = false;
    }

    /// <summary>Goes on with a list that is not written yet: the one on disk still holds everything.</summary>
    public void Adopt(AofManifest manifest)
    {
        Manifest = manifest;
        CountBytes();
    }

    /// <summary>Goes back to the list on disk, and deletes files that are not on it.</summary>
    public void Revert() => Drop(Manifest.Incremental.Count, _ => _onDisk);

    /// <summary>
    /// Forgets and deletes the files of earlier attempts at a list: it is not written before there is a base, and that begins with the last
    /// file.
    /// </summary>
    public void DropUnlisted() => Drop(Manifest.Incremental.Count - 1, Manifest.Without);

    /// <summary>Goes on without those of the first incremental files that are not on the list on disk.</summary>
    void Drop(int count, Func<List<AofFile>, AofManifest> without)
    {
        List<AofFile> dropped = [.. Manifest.Incremental.Take(count).Except(_onDisk.Incremental)];
        Adopt(without(dropped));
        foreach (var file in dropped) TryDelete(file.Name);
    }

    /// <summary>Deletes a file that is on no list, or is about to leave it.</summary>
    /// <returns>False if the disk refuses: the file stays, and does no harm.</returns>
    public bool TryDelete(string name)
    {
        try
        {
            saving.Files.Delete(PathOf(name));
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.AofNotDeleted(name, DiskException.Describe(failure));
            return false;
        }
    }

    /// <summary>
    /// Deletes the files that a rewrite has replaced, then removes them from the list. One that the disk keeps stays on it: the
    /// next rewrite or start tries again.
    /// </summary>
    public void DeleteHistory()
    {
        var history = Manifest.History;
        if (history.Count == 0 || settings.AofDisableAutoGc) return;
        List<AofFile> left = [.. history.Where(file => !TryDelete(file.Name))];
        if (left.Count < history.Count) Commit(Manifest.WithHistory(left));
    }

    void CountBytes()
    {
        ClosedBytes = 0;
        var files = Manifest.Files.ToList();
        for (var i = 0; i < files.Count - (Manifest.Incremental.Count > 0 ? 1 : 0); i++)
        {
            ClosedBytes += BytesOf(PathOf(files[i].Name));
        }
    }

    /// <summary>Bytes of a file, for INFO and for the growth that calls for a rewrite; 0 if that cannot be told.</summary>
    static long BytesOf(string path)
    {
        try
        {
            return Disk.LengthOf(path);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
