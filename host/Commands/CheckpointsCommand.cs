using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class CheckpointsCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run.");
        var verify = new Option<bool>("--verify") { Description = "Hash every file and compare it with the manifest." };
        var prune = new Option<bool>("--prune")
        {
            Description = "Delete the checkpoints that checkpoints.keep and checkpoints.keep_every "
            + "do not keep; only while no process trains the run."
        };
        var dry = new Option<bool>("--dry-run") { Description = "With --prune: list what would be deleted without deleting it." };
        var json = new Option<bool>("--json") { Description = "Print JSON instead of a table." };
        var command = new CliCommand<CheckpointsRequest>("checkpoints", "List, verify or prune the checkpoints of a run.", """
            good      training stayed healthy for checkpoints.proof_steps after it
            unproved  intact, but not yet marked good
            void      abandoned by a rollback; never used to resume
            damaged   truncated, corrupt or unreadable

            Pruning verifies first. It keeps the newest checkpoints.keep intact checkpoints, those at multiples of checkpoints.keep_every,
            and the newest good one. Listing works during training; the run itself prunes after each save.
            Exit code 1: --verify found a damaged checkpoint.

            Examples:
              actortrain checkpoints book
              actortrain checkpoints book --verify
              actortrain checkpoints runs/book --prune --dry-run
            """,
            line => new CheckpointsRequest(
                line.GetRequiredValue(path), line.GetValue(verify), line.GetValue(prune), line.GetValue(dry), line.GetValue(json)),
            Run) { path, verify, prune, dry, json };
        command.Validators.Add(line =>
        {
            if (line.GetValue(dry) && !line.GetValue(prune))
                line.AddError("--dry-run requires --prune; pass both.");
        });
        return command;
    }

    public static int Run(CheckpointsRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;

        // A running run prunes by itself; two processes must not at once.
        using var held = request is { Prune: true, DryRun: false } ? run.Lock() : null;
        List<string> notes = [];
        var record = RunRecord.Of(run, notes.Add);
        var history = CheckpointHistory.Of(record.Decisions);
        IReadOnlyList<CheckpointInfo> found =
            [.. new CheckpointArchive(run.CheckpointsDirectory).List().Select(info => WithMark(info, history))];

        // Verified first, so that nothing is deleted in favour of a damaged checkpoint.
        if (request.Verify || request.Prune)
            found = [.. found.Select(static info => CheckpointArchive.Verify(info) is { } fault
                ? info with { Manifest = null, Fault = fault } : info)];
        var surplus = request.Prune ? Surplus(found, history, record.Configuration?.CheckpointStore(), notes) : null;
        if (held is not null && surplus!.Count > 0)
            new CheckpointStore(run.CheckpointsDirectory, new CheckpointStoreOptions(), context.Time).Discard(surplus);

        var document = new CheckpointsDocument(
            run.Path, request.Verify
                || request.Prune, held is not null, [.. found.Select(info => Row(info, history, surplus?.Contains(info.Step)))], notes);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(document));
        else
            CheckpointsReport.Write(document, context.Time.GetUtcNow(), context.Output);
        return request.Verify && found.Any(static info => info.Fault is not null) ? ExitCode.Failure : ExitCode.Success;
    }

    private static IReadOnlyList<long> Surplus(
        IReadOnlyList<CheckpointInfo> found, CheckpointHistory history, CheckpointStoreOptions? keep, List<string> notes)
    {
        if (notes.Count > 0)
            throw new UserErrorException($"{notes[0]} Without it, abandoned checkpoints cannot be identified, so nothing was deleted.");
        var (left, others) = CheckpointRetention.Part(found, info => history.IsVoid(info.Manifest!));
        var surplus = CheckpointRetention.Surplus(others, keep ?? new CheckpointStoreOptions());
        return [.. left.Concat(surplus).Select(static info => info.Step).OrderDescending()];
    }

    // The journal has the mark before the checkpoint's folder has.
    private static CheckpointInfo WithMark(CheckpointInfo info, CheckpointHistory history) =>
        info is { Manifest: { } manifest, ProvedAt: null } && history.Known.GetValueOrDefault(info.Step) is { } known
            && known.WeightsHash == manifest.WeightsHash
            ? info with { ProvedAt = known.ProvedAt }
            : info;

    private static CheckpointRow Row(CheckpointInfo info, CheckpointHistory history, bool? isSurplus)
    {
        if (info.Manifest is not { } manifest)
            return new CheckpointRow(info.Step, "damaged", null, 0, null, null, 0, 1, info.Fault?.Sentence, isSurplus);
        var overrides = RunOverrides.None;
        string? fault = null;
        try
        {
            overrides = RunOrigin.Of(manifest).Overrides;
        }
        catch (UserErrorException error)
        {
            fault = error.Message;
        }

        var state = fault is not null ? "damaged" : history.IsVoid(manifest) ? "void" : info.ProvedAt is not null ? "good" : "unproved";
        return new CheckpointRow(
            info.Step, state, manifest.CreatedAt, info.Size, manifest.WeightsHash, info.ProvedAt,
                overrides.Skips.Ranges.Sum(static range => range.Count), overrides.RateFactor, fault, isSurplus);
    }
}

public sealed record CheckpointsRequest(string Run, bool Verify, bool Prune, bool DryRun, bool Json);
