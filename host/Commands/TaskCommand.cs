using System.CommandLine;
using ActorTrain.Data.Tasks;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Commands;

internal static class TaskCommand
{
    private static readonly Choice Names = new(
        [.. Enum.GetValues<TaskName>().Select(static name => (name.ToString().ToLowerInvariant(), (object)name))]);

    public static CliCommand Define()
    {
        var defaults = new TaskOptions { Task = TaskName.Reverse, Output = "" };
        var name = new Argument<string>("NAME")
        {
            Description = $"Task: {Names.Expectation}.",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result => OptionChecks.Read(result, Names, Names.WordOf),
        };
        name.CompletionSources.Add([.. Names.Words]);
        var output = OptionChecks.Declared<string>(defaults, nameof(defaults.Output), "DIR");
        var count = OptionChecks.Declared<int>(defaults, nameof(defaults.Count));
        var demonstrations = OptionChecks.Declared<int>(defaults, nameof(defaults.Demonstrations));
        var mistakes = OptionChecks.Declared<double>(defaults, nameof(defaults.Mistakes));
        var completions = OptionChecks.Declared<int>(defaults, nameof(defaults.Completions));
        var noise = OptionChecks.Declared<double>(defaults, nameof(defaults.Noise));
        var seed = OptionChecks.Declared<ulong>(defaults, nameof(defaults.Seed));
        var force = OptionChecks.Declared<bool>(defaults, nameof(defaults.Force));
        var command = new CliCommand<TaskOptions>("task", "Generate a small task for post-training, with a reward.", """
            Small models learn these tasks in minutes:
              reverse      a word of 4 to 8 letters, backwards
              sort         4 to 8 digits in ascending order
              add          two numbers below 100
              brackets     6 to 10 brackets, to be closed
              preferences  variations of a word, labelled by a hidden score with noise

            DIR has prompts.jsonl with answers, chats.jsonl with demonstrations of other prompts, and task.json, which contains the
            reward as a formula. Preferences also have pairs.jsonl and rankings.jsonl; their best accuracy is printed.

            Examples:
              actortrain task reverse --output tasks/reverse
              actortrain prepare --kind chat --input tasks/reverse/chats.jsonl --output data/reverse --tokenizer-from base
              actortrain prepare --kind prompts --input tasks/reverse/prompts.jsonl --output data/reverse-prompts --tokenizer-from base
              actortrain task add --output tasks/add --demonstrations 1000 --mistakes 0.3
              actortrain task preferences --output tasks/preferences --noise 1
            """,
            line => new TaskOptions
            {
                Task = Names.ValueOf<TaskName>(line.GetRequiredValue(name)),
                Output = line.GetRequiredValue(output),
                Count = line.GetValue(count),
                Demonstrations = line.GetValue(demonstrations),
                Mistakes = line.GetValue(mistakes),
                Completions = line.GetValue(completions),
                Noise = line.GetValue(noise),
                Seed = line.GetValue(seed),
                Force = line.GetValue(force),
            },
            Run) { name, output, count, demonstrations, mistakes, completions, noise, seed, force };
        command.Validators.Add(line =>
        {
            if (Names.GivenFor<TaskName>(line.GetResult(name)) is not { } task)
                return;
            if (task is TaskName.Preferences && IsGiven(mistakes))
                line.AddError($"{mistakes.Name} is for tasks with a right answer; omit it");
            foreach (var option in new Option[] { completions, noise }.Where(option => task is not TaskName.Preferences && IsGiven(option)))
                line.AddError($"{option.Name} is for preferences; omit it");

            bool IsGiven(Option option) => line.GetResult(option) is { Implicit: false };
        });
        return command;
    }

    public static int Run(TaskOptions request, CommandContext context)
    {
        using var interrupted = new StopSignal();
        request.Require(OptionChecks.NameIn<TaskOptions>);
        var task = TaskFiles.Write(request, interrupted.Token);
        context.Output.WriteLine($"{Plural.Of(task.Prompts, "prompt")}, {Plural.Of(task.Demonstrations, "demonstration")}.");
        if (task.Pairs is { } pairs)
            Labels(context, Plural.Of(pairs.Count, "pair"), pairs);
        if (task.Rankings is { } rankings)
            Labels(context, $"{Plural.Of(rankings.Count, "ranking")} of {rankings.Completions}", rankings);
        context.Output.WriteLine($"reward: {task.Reward}");
        context.Output.WriteLine($"Wrote {request.Output}.");
        return ExitCode.Success;
    }

    private static void Labels(CommandContext context, string what, LabelSummary labels) => context.Output.WriteLine(
        $"{what}: the hidden score orders {100 * labels.BayesAccuracy.Observed:0.0} % as labelled, the Bayes accuracy of these labels "
        + $"(expected for this noise: {100 * labels.BayesAccuracy.Expected:0.0} %).");
}
