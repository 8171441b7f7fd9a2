using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>The files of the AOF and their manifest, on the disk. Under the executor's lock.</summary>
sealed class AofFiles(RdbSaving saving, PersistenceSettings settings, ServerLog log)
{
    // The list on disk; see Adopt.
    AofManifest _onDisk = AofManifest.Empty;

    /// <summary>The list, as it is on disk or is about to be.</summary>
    public AofManifest Manifest { get; private set; } = AofManifest.Empty;

    /// <summary>The files' directory.</summary>
    public string Directory => settings.PathOf(settings.AppendDirname);

    /// <summary>The file of the list.</summary>
    public string ManifestPath => PathOf(settings.AppendFilename + ".manifest");

    /// <summary>The file that is being written.</summary>
    public string CurrentPath => PathOf(Manifest.Incremental[^1].Name);

    /// <summary>Bytes of the base and of closed incremental files.</summary>
    public long ClosedBytes { get; private set; }

    /// <summary>Whether what a rewrite replaces stays on the disk, on no list: it holds more than was loaded.</summary>
    public bool KeepsReplaced { get; set; }

    public string PathOf(string name) => Path.Combine(Directory, ConfigText.ToUnicode(name));

    /// <summary>Reads the list. Without a list there are no files.</summary>
    /// <exception cref="FormatException">The list is malformed.</exception>
    public void Load()
    {
        _onDisk = File.Exists(ManifestPath) ? Read() : AofManifest.Empty;
        Adopt(_onDisk);
    }

    // Names are bytes, like configuration text.
    AofManifest Read() => AofManifest.Parse(File.ReadAllText(ManifestPath, Encoding.Latin1));

    /// <summary>
    /// Moves an AOF of one file, as before Redis 7, into the directory: it becomes the base. Does nothing if there is a list.
    /// </summary>
    public void UpgradeIfNeeded()
    {
        var name = settings.AppendFilename;
        var old = settings.PathOf(name);
        if (!File.Exists(old)) return;
        // The list is written first. If power fails before the file is moved, the next start finds it on the list and moves it.
        if (!File.Exists(ManifestPath))
        {
            Commit(AofManifest.Upgraded(name));
        }
        else if (Read() is not { Base: { } first, Incremental.Count: 0, History.Count: 0 } || first.Name != name || File.Exists(PathOf(name)))
        {
            return;
        }
        saving.Files.Replace(old, PathOf(name));
        saving.Files.SyncDirectory(Directory);
        CountBytes();
        log.AofUpgraded(name, settings.AppendDirname);
    }

    /// <summary>Makes sure that there is a base, even an empty one, and a file to write to.</summary>
    public void Complete()
    {
        var manifest = Manifest;
        if (manifest.Base is null && manifest.Incremental.Count == 0)
        {
            CreateDirectory();
            manifest = manifest.WithBase(settings.AppendFilename, settings.AofUseRdbPreamble, kept: 0);
            var name = manifest.Base!.Value.Name;
            log.AofBaseCreated(name);
            if (settings.AofUseRdbPreamble) saving.Write(PathOf(name), PathOf($"temp-{Environment.ProcessId}.aof"), isAofBase: true);
            else saving.Files.Create(PathOf(name)).Dispose();
        }
        if (manifest.Incremental.Count == 0)
        {
            manifest = manifest.WithIncremental(settings.AppendFilename);
            // Created before it is listed: a listed file that is missing keeps the server from starting.
            saving.Files.Create(PathOf(manifest.Incremental[^1].Name)).Dispose();
        }
        if (manifest != Manifest) Commit(manifest);
        DeleteHistory();
    }

    /// <summary>Replaces the list. Whenever power fails, the disk has either the new list or the old one, complete.</summary>
    public void Commit(AofManifest manifest)
    {
        var kept = KeepsReplaced ? manifest.History : [];
        if (kept.Count > 0) manifest = manifest.WithoutHistory();
        var files = saving.Files;
        CreateDirectory();
        var temporary = PathOf($"temp-{settings.AppendFilename}.manifest");
        using (var file = files.Create(temporary))
        {
            file.Write(Encoding.Latin1.GetBytes(manifest.Format()));
            file.Sync();
        }
        files.Replace(temporary, ManifestPath);
        // The next start reads this list, unless power fails before it is synced.
        _onDisk = manifest;
        Adopt(manifest);
        files.SyncDirectory(Directory);
        if (kept.Count == 0) return;
        log.AofKept(string.Join(", ", kept.Select(file => file.Name)), settings.AppendDirname);
        // What is written from here on holds no more than there is.
        KeepsReplaced = false;
    }

    /// <summary>Goes on with a list that is not written yet: the one on disk still holds everything.</summary>
    public void Adopt(AofManifest manifest)
    {
        Manifest = manifest;
        CountBytes();
    }

    /// <summary>Goes back to the list on disk, and deletes files that are not on it.</summary>
    public void Revert()
    {
        foreach (var file in Manifest.Incremental.Except(_onDisk.Incremental)) TryDelete(file.Name);
        Adopt(_onDisk);
    }

    /// <summary>Deletes a file that is on no list. If the disk refuses, the file stays and does no harm.</summary>
    public void TryDelete(string name)
    {
        try
        {
            saving.Files.Delete(PathOf(name));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.AofNotDeleted(name, failure.Message);
        }
    }

    /// <summary>Creates the directory if there is none.</summary>
    public void CreateDirectory()
    {
        var files = saving.Files;
        if (files.CreateDirectory(Directory)) files.SyncDirectory(Path.GetDirectoryName(Directory)!);
    }

    /// <summary>Deletes the files that a rewrite has replaced, then removes them from the list.</summary>
    public void DeleteHistory()
    {
        if (Manifest.History.Count == 0 || settings.AofDisableAutoGc) return;
        foreach (var file in Manifest.History) TryDelete(file.Name);
        Commit(Manifest.WithoutHistory());
    }

    void CountBytes()
    {
        ClosedBytes = 0;
        var files = Manifest.Files.ToList();
        for (var i = 0; i < files.Count - (Manifest.Incremental.Count > 0 ? 1 : 0); i++)
        {
            var file = new FileInfo(PathOf(files[i].Name));
            if (file.Exists) ClosedBytes += file.Length;
        }
    }
}
