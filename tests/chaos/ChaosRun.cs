using System.Diagnostics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;

namespace ActorTrain.Chaos.Tests;

/// <summary>A whole run under a schedule, in as many parts as it is cut into, and its verdict.</summary>
internal static class ChaosRun
{
    // What the shell says of a process that was killed.
    private const int Killed = 137;
    private static readonly TimeSpan ProcessGuard = TimeSpan.FromMinutes(5);

    /// <summary>Runs it and checks all that has to hold.</summary>
    /// <param name="schedule">Its faults.</param>
    /// <param name="postgres">The database; null for SQLite in the run's folder.</param>
    /// <returns>The faults that there were; those of other processes are not among them.</returns>
    /// <exception cref="InvalidOperationException">Something does not hold; it names the seed.</exception>
    public static IReadOnlyList<(FaultTarget Target, Fault Fault)> Do(RandomSchedule schedule, string? postgres = null)
    {
        var folder = Directory.CreateTempSubdirectory("actortrain-chaos-").FullName;
        try
        {
            var place = new ChaosPlace(folder, postgres);
            var (fired, damaged) = (new List<(FaultTarget, Fault)>(), new HashSet<long>());
            var decisions = schedule.Kills ? LiveInProcesses(schedule, place, damaged) : Live(schedule, place, fired, damaged);
            ChaosVerdict.Check(place, schedule, decisions, damaged);
            return fired;
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{exception.Message}\n{schedule}", exception);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>One part of a run, in a process that its own schedule may kill.</summary>
    public static int LiveOne(ScheduleFamily family, string folder, int seed, int part, string? postgres)
    {
        var schedule = RandomSchedule.Of(family, seed);
        var life = new RunPart(schedule, part, new ChaosPlace(folder, postgres));
        var ended = life.Live();
        if (ended.Ending != RunEnding.Finished)
            Console.Error.WriteLine(ended);
        return ended.Ending == RunEnding.Finished ? 0 : 1;
    }

    private static DecisionRecord Live(
        RandomSchedule schedule, ChaosPlace place, List<(FaultTarget, Fault)> fired, HashSet<long> damaged)
    {
        UnwrittenRecords? left = null;
        for (var part = 0; ; part++)
        {
            var life = new RunPart(schedule, part, place, left);
            var ended = life.Live();

            // A part that was cut short says nothing.
            left = ended.Ending == RunEnding.Stopped && schedule.Cuts[part].How == Cut.Stop ? life.Unwritten : null;
            fired.AddRange(life.Faults.Fired);
            if (ended.Ending == RunEnding.Finished)
                return life.Faults.Decisions;
            if (ended.Ending != RunEnding.Stopped || part == schedule.Cuts.Count)
                throw new InvalidOperationException($"Part {part} of the run ended so: {ended}");
            damaged.UnionWith(schedule.LedgerDamage.Apply(place));
        }
    }

    private static DecisionRecord? LiveInProcesses(RandomSchedule schedule, ChaosPlace place, HashSet<long> damaged)
    {
        for (var part = 0; ; part++)
        {
            string[] arguments =
            [
                "exec", typeof(ChaosRun).Assembly.Location, "live", $"{schedule.Family}", place.Folder, $"{schedule.Seed}", $"{part}",
                .. place.Postgres is { } postgres ? [postgres] : Array.Empty<string>(),
            ];
            using var process =
                Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            if (!process.WaitForExit(ProcessGuard))
            {
                process.Kill(entireProcessTree: true);
                throw new InvalidOperationException($"Part {part} of the run did not end within {ProcessGuard.TotalMinutes} min.");
            }

            if (process.ExitCode == 0)
                return null;
            if (process.ExitCode != Killed || part == schedule.Cuts.Count)
                throw new InvalidOperationException($"Part {part} of the run ended with {process.ExitCode}: {output.Result}{error.Result}");
            damaged.UnionWith(schedule.LedgerDamage.Apply(place));
        }
    }
}
