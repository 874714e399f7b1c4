using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Terms;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Control;

/// <summary>Who trains a run, by the database of its journal, which all hosts share.</summary>
internal static class RunLeader
{
    /// <summary>Who leads, or led last; null if nobody ever did, or the database is in the run's folder.</summary>
    /// <exception cref="UserErrorException">The database is unavailable.</exception>
    public static TermHolder? LastOf(RunDirectory run, JournalOptions journal)
    {
        ArgumentNullException.ThrowIfNull(journal);
        using var term = new TermLease(JournalDatabase.Of(run.JournalFile, journal.Connection).Terms(), run.Name, journal.Lease);
        return term.IsShared ? term.Read() : null;
    }

    /// <summary>Who leads; null if nobody does, or it is unknown.</summary>
    public static TermHolder? Of(RunDirectory run)
    {
        if (!File.Exists(run.ConfigurationFile))
            return null;
        try
        {
            return LastOf(run, RunFile.Read(run.ConfigurationFile, []).Journal) is { IsExpired: false } holder
                && !holder.IsGoneFor(ProcessIdentity.This) ? holder : null;
        }
        catch (UserErrorException)
        {
            return null;
        }
    }
}
