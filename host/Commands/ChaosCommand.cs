using System.CommandLine;
using ActorTrain.Host.Chaos;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain chaos</c>.</summary>
internal static class ChaosCommand
{
    private const int UsualFaults = 8;

    private static readonly string Lesson = $$"""
        The run of the file is trained twice in folders below NAME-chaos, by real processes: once undisturbed (or what came of that the last
        time is taken), once with faults that strike on schedule, or at random with a seed. What is killed is started again. The report holds
        the two against each other; where batches were left out, a third run leaves them out from the start. The run itself is not touched.

        A schedule is YAML; the same one brings the same trouble:
          seed: 1
          faults:
            - { step: 12, kind: trainer-exception, actor: trainer-1 }
            - { step: 20, kind: kill }
            - { step: 31, kind: flip-weights, bit: 12345 }
            - { step: 40, kind: poisoned-batch, batches: 3 }
            - { step: 55, kind: disk-full, seconds: 2 }

        Exit codes: 0 the promise held, 1 it did not (the report says where), 2 bad input.

        Kinds of faults, and what is promised:
        {{string.Join('\n', ChaosKinds.Describe())}}

        Examples:
          actortrain chaos run.yaml --schedule faults.yaml
          actortrain chaos run.yaml --seed 7 --faults 20 --report chaos.json
          actortrain chaos run.yaml --seed 7 --every 30
        """;

    public static Command Define(Func<ChaosRequest, int> run)
    {
        var file = new Argument<string?>("RUN.yaml")
        {
            Description = "The run file; without one, every setting comes from --set and the defaults.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var set = new Option<string[]>("--set")
        {
            Description = "Override a key of the run file, such as --set training.steps=200; may be given many times.",
            HelpName = "KEY=VALUE",
            Arity = ArgumentArity.OneOrMore,
        };
        var schedule = new Option<string?>("--schedule") { Description = "The file that says what befalls the run, and when.", HelpName = "FILE" };
        var seed = OptionChecks.Long("--seed", 1, new Whole(0, long.MaxValue), "Draw the faults at random: the same seed draws the same ones.");
        var faults = OptionChecks.Whole("--faults", UsualFaults, new Whole(1, 1000), "Faults to draw, every kind before any comes again.");
        var every = new Option<double?>("--every")
        {
            Description = "Draw a fault for every so many seconds instead, for as long as the run goes on.",
            HelpName = "SECONDS",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result => OptionChecks.Read(result, new Number(0.1, 86_400), static value => (double?)value),
        };
        var report = new Option<string?>("--report") { Description = "Write the report to a file too; as JSON where its name ends in .json.", HelpName = "FILE" };
        var picture = new Option<string?>("--picture")
        {
            Description = "Draw the loss of the runs, .svg or .png, and of one on the same poisoned data that has no rule against spikes.",
            HelpName = "FILE",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result => OptionChecks.Read(result, PlotCommand.Picture, static value => (string)value),
        };
        var fresh = new Option<bool>("--fresh") { Description = "Train the undisturbed run anew, so that times are of one hour." };
        var force = OptionChecks.Force();
        var command = new TaughtCommand("chaos", "Break a run on purpose, and prove that it ends with the same bits.", Lesson) { file, set, schedule, seed, faults, every, report, picture, fresh, force };
        command.Validators.Add(line =>
        {
            if (line.GetValue(file) is null && line.GetValue(set) is not { Length: > 0 })
                line.AddError("chaos needs a run file, or --set for what it should train on");
            if (line.GetValue(schedule) is null)
            {
                if (line.GetResult(every) is not null && line.GetResult(faults) is { Implicit: false })
                    line.AddError("--faults and --every exclude each other; give one of them");
                return;
            }

            if (line.GetResult(seed) is { Implicit: false } || line.GetResult(faults) is { Implicit: false } || line.GetResult(every) is not null)
                line.AddError("--schedule says what befalls the run, so --seed, --faults and --every have nothing to draw; give one or the other");
        });
        command.SetAction(line => run(new ChaosRequest(
            line.GetValue(file), line.GetValue(set) ?? [], line.GetValue(schedule), line.GetValue(seed), line.GetValue(faults), line.GetValue(every),
            line.GetValue(report), line.GetValue(picture), line.GetValue(fresh), line.GetValue(force))));
        return command;
    }
}
