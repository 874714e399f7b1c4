using ActorTrain.Data.Chats;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Rewards;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using ActorTrain.Models.Options;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Data.Tests.Rewards;

public sealed class RewardFunctionTests
{
    private static readonly Gen<string> Words =
        Gen.Choose(0, 9).SelectMany(static length => Gen.Elements('a', 'b', 'c').ArrayOf(length)).Select(static text => new string(text));

    private static RewardInput Input(string completion, string? answer = null, int tokens = 1, bool hasEnded = true) =>
        new("q", completion, hasEnded, tokens, answer is null ? null : $$"""{"answer": {{System.Text.Json.JsonSerializer.Serialize(answer)}}}""");

    private static double? Total(string formula, string completion, string? answer = null, int tokens = 1, bool hasEnded = true) =>
        RewardFunction.Parse(formula).Score(Input(completion, answer, tokens, hasEnded)).Total;

    [Theory]
    [InlineData("exact", "abc", "abc", 1)]
    [InlineData("exact", "abc ", "abc", 0)]
    [InlineData("exact", "Abc", "abc", 0)]
    [InlineData("exact", "e\u0301", "\u00e9", 0)]
    [InlineData("similarity", "", "", 1)]
    [InlineData("similarity", "abc", "", 0)]
    [InlineData("similarity", "axbx", "ab", 2.0 * 2 / 6)]
    [InlineData("similarity^4", "axbx", "ab", 2.0 / 3 * (2.0 / 3) * (2.0 / 3) * (2.0 / 3))]
    [InlineData("prefix", "abx", "abcd", 0.5)]
    [InlineData("prefix", "xbcd", "abcd", 0)]
    [InlineData("prefix", "abcde", "abcd", 1)]
    [InlineData("prefix", "", "", 1)]
    [InlineData("prefix", "a", "", 0)]
    [InlineData("number", "it is 3, or 42.", "42", 1)]
    [InlineData("number", "it is 42, not 3", "42", 0)]
    [InlineData("number", "none", "42", 0)]
    [InlineData("contains(\"yes\")", "oh yes", "", 1)]
    [InlineData("contains(\"yes\")", "oh Yes", "", 0)]
    [InlineData("contains(\"a\"\"b\")", "xa\"b", "", 1)]
    [InlineData("matches(\"^[a-c]+$\")", "abcab", "", 1)]
    [InlineData("matches(\"^[a-c]+$\")", "abxab", "", 0)]
    [InlineData("share(\"ae\")", "aexy", "", 0.5)]
    [InlineData("share(\"ae\")", "", "", 0)]
    [InlineData("characters", "abc", "", 3)]
    [InlineData("length", "abc", "", 7)]
    [InlineData("ended", "abc", "", 0)]
    [InlineData("  - 0.5 * ended+2*exact  -  1e-2*length ^ 2", "a", "a", 2 - 0.01 * 49)]
    [InlineData("+exact", "a", "a", 1)]
    public void A_formula_has_the_value_worked_out_by_hand(string formula, string completion, string answer, double expected) =>
        Total(formula, completion, answer, tokens: 7, hasEnded: false).ShouldBe(expected);

    [Theory]
    [InlineData("1,234.50", "1234.5")]
    [InlineData("1,23", "23")]
    [InlineData("12345,678", "678")]
    [InlineData("1,2345", "2345")]
    [InlineData("1,234,567", "1234567")]
    [InlineData("007", "7")]
    [InlineData("x = -7", "-7")]
    [InlineData("9-7", "7")]
    [InlineData("f(x)-7", "7")]
    [InlineData("-0.0", "0")]
    [InlineData("-0.50.", "-0.5")]
    [InlineData("1.2.3", "3")]
    [InlineData("٣ or 4 or ٥", "4")]
    [InlineData("123456789012345678901234567890.10", "123456789012345678901234567890.1")]
    [InlineData("no digit", null)]
    [InlineData("", null)]
    public void The_last_number_of_a_text_is_found(string text, string? expected) => DecimalNumber.LastOf(text).ShouldBe(expected);

    [Fact]
    public void A_number_may_be_the_answer() =>
        RewardFunction.Parse("exact + number").Score(new RewardInput("q", "4.50", true, 1, """{"answer": 4.50}""")).Total.ShouldBe(2);

    /// <summary>Over all subsequences of the one text, the longest that is one of the other.</summary>
    [Fact]
    public void Similarity_is_that_of_the_longest_common_subsequence() => Prop.ForAll(Words.ToArbitrary(), Words.ToArbitrary(), static (a, b) =>
    {
        var longest = Enumerable.Range(0, 1 << a.Length)
            .Select(set => string.Concat(a.Where((_, i) => (set >> i & 1) != 0)))
            .Where(IsWithin).Max(static text => text.Length);
        var expected = a.Length + b.Length == 0 ? 1 : 2.0 * longest / (a.Length + b.Length);
        return TextSimilarity.Of(a, b) == expected && TextSimilarity.Of(b, a) == expected && (expected == 1) == (a == b);

        bool IsWithin(string text)
        {
            var at = 0;
            foreach (var character in b)
                at += at < text.Length && text[at] == character ? 1 : 0;
            return at == text.Length;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_total_is_the_sum_of_the_weighted_parts_in_the_order_of_the_formula() => Prop.ForAll(
        Words.ToArbitrary(), Words.ToArbitrary(), Gen.Choose(0, 100).ToArbitrary(), static (completion, answer, tokens) =>
        {
            var reward = RewardFunction.Parse("0.1*similarity^3 - 0.7*length + 0.3*share(\"ab\") + 0*prefix");
            var score = reward.Score(Input(completion, answer, tokens));
            return reward.Parts.SequenceEqual(["similarity^3", "length", "share(\"ab\")", "prefix"])
                && score.Total == 0.1 * score.Parts[0] + -0.7 * score.Parts[1] + 0.3 * score.Parts[2]
                && score.Parts[1] == tokens && score.Parts[3] is not null;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_takes_more_steps_than_there_is_fuel_has_no_score()
    {
        const string Formula = "length + similarity";
        var (enough, less) = (RewardFunction.Parse(Formula, 6), RewardFunction.Parse(Formula, 5));
        enough.Score(Input("abc", "ab")).Parts.ShouldBe([1, 0.8]);
        less.Score(Input("abc", "ab")).Parts.ShouldBe([1, null]);
        less.Score(Input("abc", "ab")).Total.ShouldBeNull();
        less.Score(Input("ab", "ab")).Total.ShouldBe(2);

        // A part that adds nothing takes nothing away either.
        RewardFunction.Parse("length + 0*similarity", 5).Score(Input("abc", "ab")).ShouldSatisfyAllConditions(
            static score => score.Total.ShouldBe(1), static score => score.Parts.ShouldBe([1, null]));
    }

    [Fact]
    public void What_is_beyond_the_bound_of_rewards_has_no_score()
    {
        RewardFunction.Parse("1e8*length").Score(Input("", tokens: 10)).Total.ShouldBe(1e9);
        RewardFunction.Parse("-1e8*length").Score(Input("", tokens: 11)).ShouldSatisfyAllConditions(
            static score => score.Total.ShouldBeNull(), static score => score.Parts.ShouldBe([11]));
    }

    [Theory]
    [InlineData("", "no part | character 1 | exact")]
    [InlineData("   ", "no part | character 4")]
    [InlineData("exct", "'exct' | character 1 | did you mean 'exact'?")]
    [InlineData("exact + similarty^4", "'similarty' | character 9 | did you mean 'similarity'?")]
    [InlineData("exact + qqqqqqqqqqq", "character 9 | the parts are exact, similarity,")]
    [InlineData("exact +", "no part | character 8")]
    [InlineData("exact length", "'l' | character 7 | + or -")]
    [InlineData("0.5 exact", "no * | 0.5 | character 5 | 0.5*PART")]
    [InlineData("0.5", "no * | character 4 | 0.5*PART")]
    [InlineData("0.5.1*exact", "'0.5.1' | character 1")]
    [InlineData("1e999*exact", "'1e999' | character 1")]
    [InlineData("1e10*exact", "'1e10' | character 1 | at most 1000000000")]
    [InlineData("1e*exact", "no * | character 2")]
    [InlineData("exact^0", "the power '0' | character 7 | from 1 to 16")]
    [InlineData("exact^17", "the power '17'")]
    [InlineData("exact^", "the power '' | character 7")]
    [InlineData("exact^1.5", "'.' | character 8")]
    [InlineData("exact(\"a\")", "brackets | 'exact' | character 6 | remove")]
    [InlineData("contains", "no brackets | 'contains' | character 9 | contains(\"…\")")]
    [InlineData("contains(yes)", "quotation mark | 'contains' | character 10")]
    [InlineData("contains(\"yes)", "without an end | character 10")]
    [InlineData("contains(\"yes\"", "closing bracket | character 15")]
    [InlineData("contains(\"\")", "empty | 'contains' | character 10")]
    [InlineData("matches(\"[a\")", "'matches' | character 9 | invalid at its character")]
    [InlineData("matches(\"(a)\\1\")", "'matches' | character 9 | refers back")]
    [InlineData("matches(\"(a{1000}){1000}\")", "'matches' | repeats too often")]
    [InlineData("exact + 2*exact", "'exact' twice | character 11 | add up")]
    public void A_bad_formula_is_refused_with_the_position_and_the_fix(string formula, string named)
    {
        Should.Throw<UserErrorException>(() => RewardFunction.Parse(formula)).Message.ShouldName(named);

        // As a setting, an empty formula is none.
        if (formula.Length > 0)
            new ScoringOptions { Function = formula }.Problems().ShouldHaveSingleItem().In(static _ => "scoring.function")
                .ShouldStartWith("scoring.function has ");
    }

    [Fact]
    public void Any_text_is_a_formula_or_refused_in_one_sentence() => Prop.ForAll(
        Gen.Elements("exact", "similarity", "contains(\"a\")", "share(", "\"b", "\"", ")", "+", "-", "*", "^", "2", "0.5", ".", " ", "e", "1e-3",
            "matches(\"[\")", "ä").ArrayOf().ToArbitrary(), static pieces =>
        {
            try
            {
                return RewardFunction.Parse(string.Concat(pieces)).Parts.Count > 0;
            }
            catch (UserErrorException error)
            {
                return error.Message.Contains("character ", StringComparison.Ordinal) && error.Message.EndsWith('.') | error.Message.EndsWith('?');
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Only_what_compares_needs_an_answer()
    {
        foreach (var formula in new[] { "exact", "similarity", "prefix", "number", "length - 0*exact" })
            RewardFunction.Parse(formula).NeedsAnswer.ShouldBeTrue(formula);
        RewardFunction.Parse("contains(\"a\") + matches(\"a\") + share(\"a\") + characters + length + ended").NeedsAnswer.ShouldBeFalse();
        Total("length", "a", answer: null).ShouldBe(1);
        Should.Throw<InvariantException>(static () => Total("exact", "a", answer: null));
    }

    [Theory]
    [InlineData("""{"prompt": "b"}""", "exact", "'exact' | \"answer\"")]
    [InlineData("""{"prompt": "b", "Answer": "x"}""", "length + prefix", "'prefix' | \"answer\"")]
    [InlineData("""{"prompt": "b", "answer": ["x"]}""", "exact", "text or number")]
    [InlineData("""{"prompt": "b", "answer": "none"}""", "exact + number", "'number'")]
    [InlineData("""{"prompt": "b", "answer": "x7"}""", "exact + number", null)]
    [InlineData("""{"prompt": "b"}""", "length", null)]
    public void Prompts_without_an_answer_are_refused_before_anything_starts(string record, string formula, string? named)
    {
        using var folder = new TemporaryFolder();
        var input = folder.Write("a.jsonl", $$"""
            {"prompt": "a", "answer": "1"}
            {{record}}
            """);
        CorpusPreparation.Run(new PreparationOptions
        {
            Source = new SourceOptions { Inputs = [input] },
            Output = folder.Of("out"),
            Kind = DataKind.Prompts,
            Tokenizer = TokenizerKind.Bytes,
            ValidationFraction = 0,
        });
        using var store = TokenStore.Open(folder.Of("out"));
        var reward = RewardFunction.Parse(formula);
        if (named is null)
            reward.RequireAnswers(store);
        else
            Should.Throw<UserErrorException>(() => reward.RequireAnswers(store)).Message.ShouldName($"training prompt 2 | {folder.Of("out")} | {named}");
    }

    [Fact]
    public void Options_are_checked_and_make_the_function()
    {
        new ScoringOptions().Problems().ShouldBeEmpty();
        new ScoringOptions { Fuel = 0 }.Problems().ShouldHaveSingleItem();
        new ScoringOptions { Function = "similarity", Fuel = 5 }.Build()!.Score(Input("abc", "ab")).Total.ShouldBeNull();
    }
}
