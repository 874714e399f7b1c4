using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines what an operator may do while a run goes on: <c>rollback</c>, <c>skip</c>, <c>lr</c>, <c>quarantine</c>, <c>pause</c>,
/// <c>resume</c>.</summary>
internal static class OperatorCommands
{
    private const string Recorded = """
        The answer comes when the decision is in the journal, with your name: no crash forgets it, and a run that is killed right after ends with
        the same weights as one that is not. Exit code 2: the run refused, and says why. Only the user who started the run may do it.
        """;

    public static Command RollBack(Func<RollBackRequest, int> run)
    {
        var path = Run();
        var to = Required<long>("--to", "STEP", new Whole(0, long.MaxValue), "Updates to go back to.");
        var skip = OptionChecks.Long("--skip", 0, new Whole(0, long.MaxValue), "Batches to leave out from there on.");
        return Taught(
            new TaughtCommand("rollback", "Send a run that goes on back to an earlier step, and leave out batches.", $"""
                All trainers take over the newest state that is kept from that step or from before it, in memory if it is there, else from disk, and take the
                steps since again; with --skip, the batches that follow the step are never trained on, and `actortrain audit` knows why.
                {Recorded}

                Examples:
                  actortrain rollback book --to 1200 --skip 200
                  actortrain rollback runs/book --to 0
                """) { path, to, skip },
            line => run(new RollBackRequest(line.GetRequiredValue(path), line.GetRequiredValue(to), line.GetValue(skip))));
    }

    public static Command Skip(Func<SkipRequest, int> run)
    {
        var path = Run();
        var batches = Required<long>("--batches", "N", new Whole(1, long.MaxValue), "Batches to leave out.");
        return Taught(
            new TaughtCommand("skip", "Leave out the next batches of a run that goes on.", $"""
                They are never trained on; the run takes as many steps as before, on the batches that follow.
                {Recorded}

                Examples:
                  actortrain skip book --batches 50
                """) { path, batches },
            line => run(new SkipRequest(line.GetRequiredValue(path), line.GetRequiredValue(batches))));
    }

    public static Command LearningRate(Func<LearningRateRequest, int> run)
    {
        var path = Run();
        var factor = Required<double>("--factor", "F", new Number(0, Above: true), "The learning rate of all steps from the next on is multiplied by it.");
        return Taught(
            new TaughtCommand("lr", "Change the learning rate of a run that goes on.", $"""
                The schedule stays as it is, multiplied by F; factors of several calls multiply one another.
                {Recorded}

                Examples:
                  actortrain lr book --factor 0.5
                  actortrain lr book --factor 2      # and back again
                """) { path, factor },
            line => run(new LearningRateRequest(line.GetRequiredValue(path), line.GetRequiredValue(factor))));
    }

    public static Command Quarantine(Func<QuarantineRequest, int> run)
    {
        var path = Run();
        var trainer = Required<int>("--trainer", "N", new Whole(0, 1 << 16), "The trainer's number, as `actortrain status` shows it.");
        var release = new Option<bool>("--release") { Description = "Let a quarantined trainer take part again." };
        return Taught(
            new TaughtCommand("quarantine", "Let a trainer take no part in a run that goes on; another takes its place.", $"""
                Its lanes go to the others within the same step, so no bit of the result changes; it stays away until it is released, also in later
                processes.
                {Recorded}

                Examples:
                  actortrain quarantine book --trainer 1
                  actortrain quarantine book --trainer 1 --release
                """) { path, trainer, release },
            line => run(new QuarantineRequest(line.GetRequiredValue(path), line.GetRequiredValue(trainer), line.GetValue(release))));
    }

    public static Command Pause(Func<PauseRequest, int> run)
    {
        var path = Run();
        return Taught(
            new TaughtCommand("pause", "Let a run that goes on finish its step and begin no other.", $"""
                Its process stays, and so do its trainers with all they hold; it stays paused when its process is started anew.
                {Recorded}

                Examples:
                  actortrain pause book
                  actortrain resume book
                """) { path },
            line => run(new PauseRequest(line.GetRequiredValue(path))));
    }

    public static Command Resume(Func<ResumeRequest, int> run)
    {
        var path = Run();
        return Taught(
            new TaughtCommand("resume", "Let a paused run take steps again.", $"""
                A run whose process ended or died is not paused: `actortrain pretrain` goes on with it.
                {Recorded}

                Examples:
                  actortrain resume book
                """) { path },
            line => run(new ResumeRequest(line.GetRequiredValue(path))));
    }

    private static Argument<string> Run() => RunArgument.Create("A run by its name under runs/ or its folder, which a process is training.");

    private static Option<T> Required<T>(string name, string help, SettingKind kind, string description)
        where T : struct, IConvertible => new(name)
        {
            Description = description,
            HelpName = help,
            Required = true,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => OptionChecks.Read(result, kind, static value => (T)Convert.ChangeType(value, typeof(T), System.Globalization.CultureInfo.InvariantCulture)),
        };

    private static TaughtCommand Taught(TaughtCommand command, Func<ParseResult, int> action)
    {
        command.SetAction(action);
        return command;
    }
}
