using System.Globalization;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Persistence.Terms;

/// <summary>The leadership of a run by one process. A process that takes the run over gets the next number; one with an older number
/// changes nothing any more.</summary>
public abstract class RunTerm
{
    /// <summary>For runs that no other process can take over, such as those of benchmarks.</summary>
    public static RunTerm None { get; } = new NoTerm();

    /// <summary>At least 1; 0: none.</summary>
    public abstract long Number { get; }

    /// <summary>Whether no other process can have taken the run over yet. Required for deleting and replacing shared files.</summary>
    public abstract bool IsHeld { get; }

    /// <summary>Cancelled once it is known that another process leads.</summary>
    public abstract CancellationToken Lost { get; }

    // Of the files that this process has claimed, as it found them.
    private readonly Dictionary<string, FileStream> claimed = new(StringComparer.Ordinal);

    /// <summary>Must precede every change of a file that a later leader changes as well. In a process that was suspended for longer than a
    /// lease, it waits until the database was asked again; an unavailable database is no obstacle.</summary>
    /// <exception cref="TermLostException">Another process leads.</exception>
    /// <exception cref="UserErrorException">It is unknown who leads.</exception>
    public abstract void Confirm();

    /// <summary>Has the database refuse decisions of older terms from now on; the journal's table must exist.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is unavailable.</exception>
    public abstract void Fence();

    /// <summary>Whether an exception is the database's refusal of a decision of an older term.</summary>
    public abstract bool IsRefusal(Exception exception);

    /// <summary>Records that another process leads.</summary>
    /// <returns>Who leads, in one sentence.</returns>
    public abstract string Refuse();

    /// <summary>Must follow each opening, by its name, of a file that the next leader replaces by a copy, and precede every change of it.
    /// This process may change only the file that it found first: under the name there may be the copy by now, whose rows are
    /// another's.</summary>
    /// <exception cref="TermLostException">Another process leads.</exception>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public virtual void Claim(string path, SafeFileHandle opened)
    {
        if (!OperatingSystem.IsLinux())
            return;
        lock (claimed)
        {
            if (!claimed.TryGetValue(path, out var first))
                claimed[path] = first = Disk.Attempt($"Cannot open {path}", () => new FileStream(
                    LinkOf(opened), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0));
            if (HasItsName(first))
                return;
        }

        throw new TermLostException(Refuse());
    }

    /// <summary>Forgets what was claimed.</summary>
    protected void Unclaim()
    {
        lock (claimed)
        {
            foreach (var file in claimed.Values)
                file.Dispose();
            claimed.Clear();
        }
    }

    // The system adds a word where another file has taken the name.
    private static bool HasItsName(FileStream file)
    {
        var name = File.ResolveLinkTarget(LinkOf(file.SafeFileHandle), returnFinalTarget: false)?.FullName;
        return name?.EndsWith(" (deleted)", StringComparison.Ordinal) != true;
    }

    private static string LinkOf(SafeFileHandle handle) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}");

    private sealed class NoTerm : RunTerm
    {
        public override long Number => 0;

        public override bool IsHeld => true;

        public override CancellationToken Lost => CancellationToken.None;

        public override void Confirm()
        {
        }

        public override void Claim(string path, SafeFileHandle opened)
        {
        }

        public override void Fence()
        {
        }

        // Without a term, only a run that has a leader is refused.
        public override bool IsRefusal(Exception exception) => false;

        public override string Refuse() => throw new InvariantException("A run without a term cannot lose it.");
    }
}
