using System.Collections.Concurrent;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>The weights after some steps, and all that was measured on the way, are bitwise the same whoever computed which lane, in
/// whatever order, on however many threads.</summary>
public sealed class SameBitsTests
{
    private static readonly ConcurrentDictionary<RunForm, Lazy<string>> Undisturbed = [];

    public static TheoryData<ModelFamily, Precision, bool, bool, int> Cases()
    {
        var data = new TheoryData<ModelFamily, Precision, bool, bool, int>();
        foreach (var form in RunForm.All)
        {
            for (var trainers = 1; trainers <= 8; trainers++)
                data.Add(form.Family, form.Precision, form.Fused, form.Guarded, trainers);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Any_number_of_trainers_and_threads_ends_with_the_bits_of_one(ModelFamily family, Precision precision, bool fused,
        bool guarded, int trainers)
    {
        var form = new RunForm(family, precision, fused, guarded);
        var split = Split.Draw(trainers, seed: 8 * RunForm.All.ToList().IndexOf(form) + trainers);
        form.Train(split).ShouldBe(OfOneTrainer(form), $"{split}");
    }

    [Fact]
    public void Other_first_weights_end_elsewhere_so_the_hash_tells_runs_apart() =>
        RunForm.All[0].Train(Split.One, seed: 2).ShouldNotBe(OfOneTrainer(RunForm.All[0]));

    private static string OfOneTrainer(RunForm form) =>
        Undisturbed.GetOrAdd(form, static form => new Lazy<string>(() => form.Train(Split.One))).Value;
}
