package dev.eventbroker.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.0001, < 0.001",
    "0.012, 0.012",
    "0.0999, 0.10",
    "3.476, 3.48",
    "9.999, 10.0",
    "54.31, 54.3",
    "99.96, 100",
    "1114, 1 114",
    "9999.4, 9 999",
    "12345, 12.3 k",
    "268123, 268 k",
    "999499, 999 k",
    "999501, 1.00 M",
    "1114000000, 1 114 M"
  })
  void areShownWithThreeDigitsThatCount(double value, String expected) {
    assertThat(Numbers.brief(value).replace('\u00a0', ' ')).isEqualTo(expected);
  }
}
